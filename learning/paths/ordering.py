"""Moving one place up or down, as pure lists: steps in and between groups, groups among themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Key = TypeVar("Key")


def moved(keys: Sequence[Key], key: Key, *, up: bool) -> list[Key]:
    """`keys` with `key` one place earlier or later; as they were where there is no such place."""
    keys_moved = list(keys)
    here = keys_moved.index(key)
    there = here - 1 if up else here + 1
    if 0 <= there < len(keys_moved):
        keys_moved[here], keys_moved[there] = keys_moved[there], keys_moved[here]
    return keys_moved


def step_moved(layout: Sequence[Sequence[Key]], key: Key, *, up: bool) -> list[list[Key]]:
    """The groups with one step moved: inside its group, and at its edge into the next group on that side."""
    found = [list(group) for group in layout]
    here = next(n for n, group in enumerate(found) if key in group)
    group = found[here]
    if key != (group[0] if up else group[-1]):
        found[here] = moved(group, key, up=up)
        return found
    there = here - 1 if up else here + 1
    if 0 <= there < len(found):
        group.remove(key)
        found[there].insert(len(found[there]) if up else 0, key)
    return found
