"""Per-process cache of synonyms and theme labels: every search needs them, and they change a few times a month.

Valid for one stamp of the unit tree. Every page reads that stamp anyway, and saving or deleting a word changes it
(kb.apps), so that a new synonym takes effect at once in every process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from kb.models import Term, Theme
from organization.units.tree import stamp


@dataclass(frozen=True)
class Vocabulary:
    stamp: UUID | None
    #: Reviewed terms, each with its synonyms.
    terms: tuple[tuple[str, ...], ...]
    #: Labels of themes by their codes.
    themes: Mapping[str, str]


_cached: Vocabulary | None = None


def vocabulary() -> Vocabulary:
    """The words as they are now: one query for the stamp, and two more where it has changed."""
    global _cached
    now, cached = stamp(), _cached
    if cached is None or now is None or cached.stamp != now:
        # The stamp is read before the rows: where they change meanwhile, they are cached under the old stamp.
        terms = tuple((label, *others) for label, others in Term.objects.values_list("label", "synonyms"))
        cached = _cached = Vocabulary(now, terms, dict(Theme.objects.order_by().values_list("code", "label")))
    return cached
