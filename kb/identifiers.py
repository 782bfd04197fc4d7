"""Permanent ids: one counter row per prefix and fiscal year of registration (decided.md, Ids)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from kb.models.item import IdCounter
from organization import clock
from organization.fiscal import fiscal_year, fiscal_year_code


def next_public_id(prefix: str, *, registered_in: int | None = None) -> str:
    """The next id, such as ``L-R07-00123``; gaps are allowed, a number is never given twice.

    `registered_in` is the fiscal year of registration (today's unless given). Must run inside the
    transaction that stores the id, so that a rollback leaves at most a gap.
    """
    year = registered_in if registered_in is not None else fiscal_year(clock.today())
    with transaction.atomic():
        counter, _ = IdCounter.objects.get_or_create(prefix=prefix, fiscal_year=year)
        IdCounter.objects.filter(pk=counter.pk).update(last=F("last") + 1)
        counter.refresh_from_db(fields=["last"])
    return f"{prefix}-{fiscal_year_code(year)}-{counter.last:05d}"
