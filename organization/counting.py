"""Japanese counting words for things without a counter of their own."""

from __future__ import annotations


def things(count: int) -> str:
    """The number with its counter: つ from 1 to 9, 個 for 0 and above 9 (9つ, 10個)."""
    return f"{count}つ" if 1 <= count <= 9 else f"{count}個"
