"""Small-count suppression (I15): hides counts of few people, and counts that would reveal them by subtraction.

A group below `MIN_PEOPLE` is hidden. Beside a total, the hidden groups must be at least two and have at least
`MIN_PEOPLE` people together. Otherwise the total minus the shown groups would reveal them, so the smallest shown group
is hidden too.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

MIN_PEOPLE = 5
HIDDEN_TEXT = "5人未満のため出していません"

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class HiddenGroups(Generic[Key]):
    groups: frozenset[Key]
    #: Whether the total has to be hidden too: all groups are hidden and together still too small.
    total: bool


def groups_to_hide(sizes: Mapping[Key, int]) -> HiddenGroups[Key]:
    """The groups to hide, given their sizes. Empty groups disclose nothing and are never hidden."""
    by_size = sorted((size, number, key) for number, (key, size) in enumerate(sizes.items()) if size)
    hidden = {key: size for size, _, key in by_size if size < MIN_PEOPLE}
    for size, _, key in by_size:
        if not hidden or (len(hidden) > 1 and sum(hidden.values()) >= MIN_PEOPLE):
            break
        hidden.setdefault(key, size)
    hidden_people = sum(hidden.values())
    return HiddenGroups(frozenset(hidden), bool(hidden) and (len(hidden) == 1 or hidden_people < MIN_PEOPLE))
