"""The queue between the database and the index, and the version numbers of writes.

A PendingChange is written in the transaction of the change, so it exists if and only if the change was committed. A
PendingChange states only that a row may have changed. The content of the row is read later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now


class PendingChangeQuerySet(models.QuerySet["PendingChange"]):
    def waiting(self) -> PendingChangeQuerySet:
        """Returns the rows that a worker will still process. Parked rows are not included."""
        return self.filter(parked=False)

    def keys(self) -> set[str]:
        """Returns the keys of the documents that these changes concern."""
        return {f"{source}:{pk}" for source, pk in self.values_list("source", "object_pk")}

    def enqueue(self, source: str, pks: Iterable[int | str]) -> None:
        """Records that these rows may have changed. Duplicates do no harm: one write of the row is enough for all of
        them."""
        rows: list[Any] = [PendingChange(source=source, object_pk=str(pk)) for pk in pks]
        self.bulk_create(rows, batch_size=500)

    def claim(self, worker: str, limit: int, not_now: Collection[tuple[str, str]] = ()) -> list[PendingChange]:
        """Claims the oldest free rows. If two workers process the same row, the versions of the writes decide.
        Nothing breaks."""
        free: models.QuerySet[PendingChange] = self.waiting().filter(claimed_by="").order_by("pk")
        oldest: list[PendingChange] = list(free[: limit + len(not_now)])
        rows = [row for row in oldest if (row.source, row.object_pk) not in not_now]
        if not rows:
            return []
        self.filter(pk__in=[row.pk for row in rows[:limit]], claimed_by="").update(claimed_by=worker)
        return list(self.filter(claimed_by=worker).order_by("pk"))

    def release(self) -> None:
        """Frees the rows that a worker claimed and did not finish, because it was killed."""
        self.exclude(claimed_by="").update(claimed_by="")


class PendingChange(models.Model):
    """A row whose document must be written to the index.

    The row is deleted only after a check that the index contains the document.
    """

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
        """Returns the document's key in the index."""
        return f"{self.source}:{self.object_pk}"


class VersionCounter(models.Model):
    """The version of the last write, in a single row.

    A version is drawn before the row is read. So if two writes overlap, the write that read the row later wins.
    """

    value = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "索引の版番号"

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def draw(cls) -> int:
        """Returns the next version. No two calls return the same version, in any process."""
        with transaction.atomic():
            cls.objects.get_or_create(pk=1)
            cls.objects.filter(pk=1).update(value=F("value") + 1)
            return cls.objects.values_list("value", flat=True).get(pk=1)

    @classmethod
    def last(cls) -> int:
        return cls.objects.values_list("value", flat=True).filter(pk=1).first() or 0


class LiveGeneration(models.Model):
    """Which generation of the index belongs to this database. The id is stored here and in the generation's stamp.

    With this id, search detects an index that does not belong to the database (a restored backup, a copied folder). The
    row LAST names the generation that was swapped in last. During a swap, the row NEXT names the new generation. If a
    rebuild is killed between the swap and `note`, the index is therefore still recognised.
    """

    LAST, NEXT = 1, 2

    uid = models.CharField(max_length=32)

    class Meta:
        verbose_name = "使っている索引"

    def __str__(self) -> str:
        return self.uid

    @classmethod
    def belongs(cls, uid: str) -> bool:
        """Whether the generation with this id belongs to this database."""
        return cls.objects.filter(uid=uid).exists()

    @classmethod
    def announce(cls, uid: str) -> None:
        """Stores that this generation will be swapped in. Must be called right before the swap."""
        cls.objects.update_or_create(pk=cls.NEXT, defaults={"uid": uid})

    @classmethod
    def note(cls, uid: str) -> None:
        """Stores that this generation was swapped in. Must be called right after the swap."""
        with transaction.atomic():
            cls.objects.update_or_create(pk=cls.LAST, defaults={"uid": uid})
            cls.objects.filter(pk=cls.NEXT).delete()
