"""Per-process cache of synonyms and theme labels. Every search needs them, and they change a few times a month.

An entry is valid for one stamp of the unit tree. Every page reads that stamp anyway, and saving or deleting a term or
theme changes it (kb.apps). So a new synonym takes effect at once in every process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from kb.models import Term, Theme
from organization.units.tree import stamp


@dataclass(frozen=True)
class Vocabulary:
    """Terms and theme labels as of one stamp."""

    stamp: UUID | None
    #: Reviewed terms: each label with its synonyms.
    terms: tuple[tuple[str, ...], ...]
    #: Labels of themes by code.
    themes: Mapping[str, str]


_cached: Vocabulary | None = None


def vocabulary() -> Vocabulary:
    """The current terms and themes: one query for the stamp, and two more if it has changed."""
    global _cached
    now, cached = stamp(), _cached
    if cached is None or now is None or cached.stamp != now:
        # The stamp is read before the rows. If they change in between, they are cached under the old stamp and read again.
        terms = tuple((label, *synonyms) for label, synonyms in Term.objects.values_list("label", "synonyms"))
        cached = _cached = Vocabulary(now, terms, dict(Theme.objects.order_by().values_list("code", "label")))
    return cached
