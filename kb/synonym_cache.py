"""The office's words in memory: every search asks for them, and they are changed some few times a month.

Kept per process under the stamp of the units' tree, which every page reads anyway and which a saved or deleted word
moves (kb.apps), so that a new synonym holds at once in every process. It refuses to write anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from kb.models import Term, Theme
from organization.tree import stamp


@dataclass(frozen=True)
class OfficeWords:
    stamp: UUID | None
    #: Reviewed terms, each with its synonyms.
    terms: tuple[tuple[str, ...], ...]
    #: Labels of themes by their codes.
    themes: Mapping[str, str]


_kept: OfficeWords | None = None


def office_words() -> OfficeWords:
    """The words as they are now; two queries beside that for the stamp where they may have changed, none where not."""
    global _kept
    now, found = stamp(), _kept
    if found is None or now is None or found.stamp != now:
        # The stamp was read first: a change while the rows are read makes them stale under the old one.
        terms = tuple((label, *others) for label, others in Term.objects.values_list("label", "synonyms"))
        found = _kept = OfficeWords(now, terms, dict(Theme.objects.order_by().values_list("code", "label")))
    return found
