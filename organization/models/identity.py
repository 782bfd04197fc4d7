"""Identified: a row whose `uid` is given once and never changes, because tokens, links and imports name it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Self

from django.db import models


class Identified(models.Model):
    uid = models.UUIDField("ID（変わらない番号）", default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Sequence[str], values: Sequence[Any]) -> Self:
        row = super().from_db(db, field_names, values)  # type: ignore[arg-type]
        row._uid_given = row.__dict__.get("uid")
        return row

    def save(self, *args: Any, **kwargs: Any) -> None:
        given: uuid.UUID | None = getattr(self, "_uid_given", None)
        if given is not None and self.uid != given:
            raise ValueError("a uid never changes: audience tokens and links name it")
        super().save(*args, **kwargs)
        self._uid_given = self.uid
