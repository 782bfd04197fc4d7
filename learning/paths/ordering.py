"""Moves one element of a list one place up or down: a group, or a step within its group or into the next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Key = TypeVar("Key")


def moved(keys: Sequence[Key], key: Key, *, up: bool) -> list[Key]:
    """`keys` with `key` one place earlier or later; unchanged if `key` is already first or last."""
    reordered = list(keys)
    here = reordered.index(key)
    there = here - 1 if up else here + 1
    if 0 <= there < len(reordered):
        reordered[here], reordered[there] = reordered[there], reordered[here]
    return reordered


def step_moved(layout: Sequence[Sequence[Key]], key: Key, *, up: bool) -> list[list[Key]]:
    """`layout` (the keys of each group) with one step moved; at the edge of its group it goes into the next group."""
    layout_moved = [list(group) for group in layout]
    here = next(n for n, group in enumerate(layout_moved) if key in group)
    group = layout_moved[here]
    if key != (group[0] if up else group[-1]):
        layout_moved[here] = moved(group, key, up=up)
        return layout_moved
    there = here - 1 if up else here + 1
    if 0 <= there < len(layout_moved):
        group.remove(key)
        layout_moved[there].insert(len(layout_moved[there]) if up else 0, key)
    return layout_moved
