"""Counting words for things that have no special counting word in Japanese."""

from __future__ import annotations


def things(count: int) -> str:
    """Returns the number with a counting word: つ from 1 to 9, 個 for 0 and for numbers above 9 (9つ, 10個)."""
    return f"{count}つ" if 1 <= count <= 9 else f"{count}個"
