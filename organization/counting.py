"""How things without a counter of their own are counted in Japanese. It refuses to know what they are."""

from __future__ import annotations


def things(count: int) -> str:
    """つ reaches to nine and no further: 9つ, 10個."""
    return f"{count}つ" if 1 <= count <= 9 else f"{count}個"
