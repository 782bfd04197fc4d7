"""OrgUnit: a unit that keeps its id for ever; what it is called and where it hangs are dated versions.

A reorganisation rewrites nothing: it closes versions, opens others and writes an OrgEvent (see
``organization.reorganise``). Reading the tree is ``organization.tree``'s work, never these rows'.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from organization.models.identity import Identified


class TreeStamp(models.Model):
    """One row that takes a new random value whenever a unit, version or event changes.

    Every process compares it with the value under which it cached the tree. Counts or highest ids
    would not do: a rollback gives the same ones to different rows.
    """

    value = models.UUIDField(default=uuid.uuid4)

    class Meta:
        verbose_name = "組織図の版"

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def touch(cls) -> None:
        cls.objects.update_or_create(pk=1, defaults={"value": uuid.uuid4()})


class StampedQuerySet[M: models.Model](models.QuerySet[M]):
    """Bulk verbs send no signals; these touch the stamp themselves."""

    def update(self, **values: Any) -> int:
        TreeStamp.touch()
        return super().update(**values)

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[M]:
        TreeStamp.touch()
        return super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        TreeStamp.touch()
        return super().bulk_update(*args, **kwargs)
