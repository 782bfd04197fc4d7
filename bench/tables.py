"""The figures of `script/bench search` as Markdown tables. If a figure has a goal, the goal is shown beside it.

This module does not measure. Figures may be added in any order. Missing figures are left out.
"""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.clients import Timings, spread
from bench.machine import busy, side_by_side

#: The goals (milliseconds, shares, seconds).
PAGE_P95 = {1: 40, 8: 150}
SUGGESTION_P95 = 50
BARE_TIMES, BARE_MORE = 2.5, 25
WRITING_SHARE = 0.6
REBUILD_SECONDS = 60  # for a rebuild of REBUILD_ITEMS items
REBUILD_ITEMS = 20_000

Row = tuple[str, ...]


class Tables:
    """The figures so far."""

    def __init__(self, machine: str, root: Path) -> None:
        self.machine, self.load, self.commit = machine, [busy()], commit(root)
        self._rows: dict[str, list[Row]] = {"search": [], "index": [], "memory": [], "judged": []}
        self._analysis = ""

    def analysis(self, found: Mapping[str, float]) -> None:
        self._analysis = (
            f"Analysis, one process: {found['median']:,.0f} characters/s (slowest tenth {found['slowest']:,.0f})."
        )

    def search(self, items: int, engine: str, clients: int, timings: Timings, bare: Mapping[str, Any]) -> None:
        self.load.append(busy())
        alone = bare[str(clients)]
        limit = BARE_TIMES * alone["p95"] + BARE_MORE
        reduced = f" ({timings.reduced} by the database alone)" if timings.reduced else ""
        self._rows["search"].append(
            (
                f"{items:,}",
                engine,
                str(clients),
                f"{timings.p50:.1f}{reduced}",
                f"{timings.p95:.1f}",
                f"{timings.per_second:.0f}",
                met(timings.p95, PAGE_P95[clients]),
                f"{alone['p50']:.1f}",
                f"{alone['p95']:.1f}",
                f"{alone['per_second']:.0f}",
                f"{bare['questions']:.1f}",
                met(timings.p95, limit),
                f"{side_by_side():.1f}",
            )
        )

    def index(self, items: int, engine: str, found: Mapping[str, float]) -> None:
        seconds = f"{found['rebuild_seconds']:.1f}"
        if found["documents"] >= REBUILD_ITEMS:
            seconds += f" {met(found['rebuild_seconds'], REBUILD_SECONDS * found['documents'] / REBUILD_ITEMS)}"
        share = f"{found['share']:.2f} {'met' if found['share'] >= WRITING_SHARE else 'not met'} (≥ {WRITING_SHARE})"
        recall = f"{found['recall']:.3f} ({found['nouns']:.0f})" if "recall" in found else ""
        self._rows["index"].append(
            (
                f"{items:,}",
                engine,
                seconds,
                f"{found['written']:,.0f}",
                f"{found['bare_bulk']:,.0f}",
                share,
                recall,
                "",
                "",
            )
        )

    def suggestions(self, items: int, engine: str, timings: Timings) -> None:
        self._add(items, engine, 7, f"{timings.p50:.1f} / {timings.p95:.1f} {met(timings.p95, SUGGESTION_P95)}")

    def saved(self, items: int, engine: str, milliseconds: list[float]) -> None:
        self._add(items, engine, 8, spread(milliseconds))

    def memory(self, items: int, engine: str, processes: Iterable[tuple[str, float]]) -> None:
        by_name: dict[str, list[float]] = {}
        for name, megabytes in processes:
            if megabytes:
                by_name.setdefault(name, []).append(megabytes)
        self._rows["memory"] += [
            (f"{items:,}", engine, name, " + ".join(f"{megabytes:.0f}" for megabytes in sorted(values, reverse=True)))
            for name, values in by_name.items()
        ]

    def evaluation(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Adds the figures for the judged questions.

        A key of `found` is `set` or `set (engine)`. If not all token kinds were used, the kinds follow.
        """
        for name, row in found.items():
            folder, _, rest = name.partition(" ")
            kinds = (rest.rpartition(")")[2] if "(" in rest else rest).strip() or "all"
            self._rows["judged"].append(
                (folder, row["engine"], kinds, f"{row['questions']:,}", f"{row['ndcg@10']:.4f}")
            )

    def _add(self, items: int, engine: str, column: int, value: str) -> None:
        rows = self._rows["index"]
        place = next(n for n, row in enumerate(rows) if row[:2] == (f"{items:,}", engine))
        rows[place] = (*rows[place][:column], value, *rows[place][column + 1 :])

    def text(self) -> str:
        load = sorted(self.load, key=float)
        parts = [
            f"Measured on {self.machine}, load {load[0]} to {load[-1]}, at {self.commit}. Times in milliseconds unless said.",
            self._analysis,
            table(
                "items|engine|clients|page p50|page p95|pages/s|goal|bare p50|bare p95|bare/s|questions a page|p95 ≤ 2.5 × bare + 25|"
                "two loops at once",
                self._rows["search"],
            ),
            table(
                "items|engine|rebuild, s|written, documents/s|bare bulk, documents/s|share of bare|recall@10 of nouns (n)|"
                "suggestions p50 / p95|saved → searchable",
                self._rows["index"],
            ),
            table("items|engine|process|memory (PSS), MB", self._rows["memory"]),
            table("set|engine|kinds|questions|nDCG@10", self._rows["judged"]),
        ]
        return "\n\n".join(part for part in parts if part)


def commit(root: Path) -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout.strip()


def met(value: float, limit: float) -> str:
    return f"{'met' if value <= limit else 'not met'} (≤ {limit:.0f})"


def table(heading: str, rows: Iterable[Row]) -> str:
    """Returns a Markdown table. Returns an empty string if there are no rows."""
    columns = heading.split("|")
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *lines]) if lines else ""
