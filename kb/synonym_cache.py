"""A cache of synonyms and theme labels in each process. Every search needs them, but they change only a few times a
month.

An entry is valid for one stamp of the unit tree. Every page reads this stamp anyway. Saving or deleting a term or a
theme changes the stamp (kb.apps). So a new synonym takes effect at once in every process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from kb.models import Term, Theme
from organization.units.tree import stamp


@dataclass(frozen=True)
class Vocabulary:
    """The terms and the theme labels that are valid for one stamp."""

    stamp: UUID | None
    #: The reviewed terms. Each tuple contains a label and its synonyms.
    terms: tuple[tuple[str, ...], ...]
    #: The labels of the themes, by code.
    themes: Mapping[str, str]


_cached: Vocabulary | None = None


def vocabulary() -> Vocabulary:
    """Returns the current terms and themes. One query reads the stamp. If the stamp has changed, two
    more queries run.
    """
    global _cached
    now, cached = stamp(), _cached
    if cached is None or now is None or cached.stamp != now:
        # The stamp is read before the rows. If the rows change in between, they are stored under the old stamp, so the
        # next call reads them again.
        terms = tuple((label, *synonyms) for label, synonyms in Term.objects.values_list("label", "synonyms"))
        cached = _cached = Vocabulary(now, terms, dict(Theme.objects.order_by().values_list("code", "label")))
    return cached
