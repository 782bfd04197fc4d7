"""Identified: a row whose `uid` is given once and never changes, because tokens, links and imports name it."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.db import models


class Identified(models.Model):
    uid = models.UUIDField("ID（変わらない番号）", default=uuid.uuid4, unique=True, editable=False)

    #: The uid as the database holds it; None while the row is new.
    _uid_given: uuid.UUID | None = None

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._uid_given is not None and self.uid != self._uid_given:
            raise ValueError("a uid never changes: audience tokens and links name it")
        super().save(*args, **kwargs)
        self._uid_given = self.uid

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        row = super().from_db(*args, **kwargs)
        row._uid_given = row.__dict__.get("uid")
        return row
