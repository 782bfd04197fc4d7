"""Counts of few people are not shown (I15), nor those from which a total would give them away. Pure.

A group below `FEWEST` is hidden. Where the groups stand beside their total, what is hidden together must be two groups
and `FEWEST` at least, or subtracting the shown ones from the total would say it: the smallest shown group goes too.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

FEWEST = 5
SAID = "5人未満のため出していません"

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Hidden(Generic[Key]):
    groups: frozenset[Key]
    #: Everything is hidden, and little: then the total says too much as well.
    total: bool


def hidden(sizes: Mapping[Key, int]) -> Hidden[Key]:
    """Which groups stay unsaid, by their size; empty groups say nothing of anybody and are never hidden."""
    standing = sorted((size, number, key) for number, (key, size) in enumerate(sizes.items()) if size)
    found = {key: size for size, _, key in standing if size < FEWEST}
    for size, _, key in standing:
        if not found or (len(found) > 1 and sum(found.values()) >= FEWEST):
            break
        found.setdefault(key, size)
    together = sum(found.values())
    return Hidden(frozenset(found), bool(found) and (len(found) == 1 or together < FEWEST))
