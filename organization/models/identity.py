"""Identified: a row with a `uid` that is set once and never changes. Tokens, links and imports refer to the uid."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.db import models


class Identified(models.Model):
    uid = models.UUIDField("ID（変わらない番号）", default=uuid.uuid4, unique=True, editable=False)

    #: The uid that is stored in the database. None while the row is new.
    _saved_uid: uuid.UUID | None = None

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._saved_uid is not None and self.uid != self._saved_uid:
            raise ValueError("a uid never changes: audience tokens and links name it")
        super().save(*args, **kwargs)
        self._saved_uid = self.uid

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        row = super().from_db(*args, **kwargs)
        row._saved_uid = row.__dict__.get("uid")
        return row
