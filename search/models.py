"""The queue between the database and the index: what changed, and the numbers that order the writes.

A PendingChange is written in the transaction of the change itself, so it exists if and only if the
change does. It says only that something about a row may differ; what, is read from the row later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now


class PendingChangeQuerySet(models.QuerySet["PendingChange"]):
    def waiting(self) -> PendingChangeQuerySet:
        """What a worker will still do by itself."""
        return self.filter(parked=False)

    def keys(self) -> set[str]:
        """The documents that these changes are about."""
        return {f"{source}:{pk}" for source, pk in self.values_list("source", "object_pk")}

    def enqueue(self, source: str, pks: Iterable[Any]) -> None:
        """Note that these rows may have changed. Rows pile up harmlessly: one write serves them all."""
        rows: list[Any] = [PendingChange(source=source, object_pk=str(pk)) for pk in pks]
        self.bulk_create(rows, batch_size=500)

    def claim(self, worker: str, limit: int, not_now: Collection[tuple[str, str]] = ()) -> list[PendingChange]:
        """Take the oldest free rows. Two workers rarely meet, and nothing breaks where they do: versions decide."""
        free: models.QuerySet[PendingChange] = self.waiting().filter(claimed_by="").order_by("pk")
        oldest: list[PendingChange] = list(free[: limit + len(not_now)])
        rows = [row for row in oldest if (row.source, row.object_pk) not in not_now]
        if not rows:
            return []
        self.filter(pk__in=[row.pk for row in rows[:limit]], claimed_by="").update(claimed_by=worker)
        return list(self.filter(claimed_by=worker).order_by("pk"))

    def release(self) -> None:
        """Free what a worker claimed and did not finish (it was killed)."""
        self.exclude(claimed_by="").update(claimed_by="")


class PendingChange(models.Model):
    """One reason to write one row to the index again. Deleted only after the index was seen to hold it."""

    source = models.CharField("検索元", max_length=30)
    object_pk = models.CharField("対象", max_length=64)
    enqueued_at = models.DateTimeField("登録日時", db_default=Now(), editable=False)
    claimed_by = models.CharField("処理中", max_length=32, blank=True, default="", db_default="")
    attempts = models.PositiveSmallIntegerField("試行回数", default=0, db_default=0)
    parked = models.BooleanField("保留", default=False, db_default=False)
    reason = models.CharField("保留の理由", max_length=300, blank=True, default="", db_default="")

    objects = PendingChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "索引待ち"
        verbose_name_plural = "索引待ち"
        indexes = [
            models.Index(fields=("parked", "claimed_by", "id"), name="pending_queue"),
            models.Index(fields=("source", "object_pk"), name="pending_object"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """The document's key in the index."""
        return f"{self.source}:{self.object_pk}"


class VersionCounter(models.Model):
    """The last version given to a write: one row. Drawn before a row is read again, so a later read wins."""

    value = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "索引の版番号"

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def draw(cls) -> int:
        """The next version; no two calls give the same one, in any process."""
        with transaction.atomic():
            cls.objects.get_or_create(pk=1)
            cls.objects.filter(pk=1).update(value=F("value") + 1)
            return cls.objects.values_list("value", flat=True).get(pk=1)

    @classmethod
    def last(cls) -> int:
        return cls.objects.values_list("value", flat=True).filter(pk=1).first() or 0


class LiveGeneration(models.Model):
    """Which generation of the index belongs to this database: its id stands here and in the generation's stamp.

    A database and an index that were not saved together (a restored backup, a copied folder) show by it. One row is of
    the generation that was swapped in last, the other, while a rebuild swaps, of the new one: killed between the swap and
    its note, a rebuild leaves an index that is known all the same.
    """

    LAST, NEXT = 1, 2

    uid = models.CharField(max_length=32)

    class Meta:
        verbose_name = "使っている索引"

    def __str__(self) -> str:
        return self.uid

    @classmethod
    def belongs(cls, uid: str) -> bool:
        """Whether the generation of this id is one of this database."""
        return cls.objects.filter(uid=uid).exists()

    @classmethod
    def announce(cls, uid: str) -> None:
        """Right before the swap."""
        cls.objects.update_or_create(pk=cls.NEXT, defaults={"uid": uid})

    @classmethod
    def note(cls, uid: str) -> None:
        """Right after the swap."""
        with transaction.atomic():
            cls.objects.update_or_create(pk=cls.LAST, defaults={"uid": uid})
            cls.objects.filter(pk=cls.NEXT).delete()
