"""Permanent public ids. There is one counter row for each prefix and fiscal year of registration (0005)."""

from __future__ import annotations

from django.db import models, transaction
from django.db.models import F

from organization import clock
from organization.fiscal import fiscal_year, fiscal_year_code


class IdCounter(models.Model):
    """The last number that was given out for one prefix and one fiscal year."""

    prefix = models.CharField(max_length=2)
    fiscal_year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "管理番号の記録"
        constraints = [models.UniqueConstraint(fields=("prefix", "fiscal_year"), name="id_counter_once")]

    def __str__(self) -> str:
        return f"{self.prefix} {self.fiscal_year}"


def next_public_id(prefix: str, *, registered_in: int | None = None) -> str:
    """Returns the next id, such as ``L-R07-00123``. There may be gaps between the numbers, but no number is given out
    twice.

    `registered_in` is the fiscal year of registration. Its default is the current fiscal year. Call this function in
    the transaction that stores the id: then a rollback leaves at most a gap.
    """
    return draw_public_ids(prefix, 1, registered_in=registered_in)[0]


def draw_public_ids(prefix: str, count: int, *, registered_in: int | None = None) -> list[str]:
    """Returns the next `count` ids. The counter is raised in one step, so an import makes one call for a
    whole batch.
    """
    year = registered_in if registered_in is not None else fiscal_year(clock.today())
    with transaction.atomic():
        counter, _ = IdCounter.objects.get_or_create(prefix=prefix, fiscal_year=year)
        IdCounter.objects.filter(pk=counter.pk).update(last=F("last") + count)
        counter.refresh_from_db(fields=["last"])
    first = counter.last - count + 1
    return [f"{prefix}-{fiscal_year_code(year)}-{number:05d}" for number in range(first, counter.last + 1)]
