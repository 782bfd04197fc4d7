"""Japanese counting words for things without a counter of their own."""

from __future__ import annotations


def things(count: int) -> str:
    """The count with つ up to nine and with 個 above: 9つ, 10個."""
    return f"{count}つ" if 1 <= count <= 9 else f"{count}個"
