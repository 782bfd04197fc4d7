"""Computes the SVG coordinates of a line chart of twelve months, which a template draws.

A month without a value (nobody, or too few people to show) leaves a gap in the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from organization.japanese_dates import era_month

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 16, 36


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    label: str


@dataclass(frozen=True)
class Chart:
    pieces: tuple[str, ...]
    points: tuple[Point, ...]
    months: tuple[Point, ...]
    levels: tuple[Point, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def chart(months: Sequence[date], percents: Sequence[float | None]) -> Chart:
    """The chart of `percents`, one for each of `months`, from 0 to 100."""
    step = (WIDTH - LEFT - RIGHT) / max(len(months) - 1, 1)
    xs = [round(LEFT + n * step, 1) for n in range(len(months))]
    pieces: list[list[str]] = [[]]
    points = []
    for x, month, percent in zip(xs, months, percents, strict=True):
        if percent is None:
            pieces.append([])
            continue
        y = height_of(percent)
        pieces[-1].append(f"{x},{y}")
        points.append(Point(x, y, f"{era_month(month)} {percent:.0f}%"))
    return Chart(
        pieces=tuple(" ".join(piece) for piece in pieces if len(piece) > 1),
        points=tuple(points),
        months=tuple(Point(x, HEIGHT - 12, f"{month.month}月") for x, month in zip(xs, months, strict=True)),
        levels=tuple(Point(LEFT - 8, height_of(level), f"{level}%") for level in (0, 50, 100)),
    )


def height_of(percent: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - percent / 100), 1)
