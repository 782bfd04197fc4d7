"""The items of the demo as plain data. They are read from data/items/*.toml. For the size `full`, a program adds more
items.

Like demo.world, this module depends only on size and day. demo.load stores the items in the database.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from demo.world import DATA

FULL = 1500
LONG_FIELDS = (
    "observation",
    "context",
    "discussion",
    "conclusion",
    "recommendation",
    "citizen_effect",
    "early_warning",
    "applies_when",
    "not_applicable",
    "hypothesis",
    "precedent_gap",
    "smallest_trial",
    "success_measure",
    "stop_rule",
)


@dataclass(frozen=True)
class Content:
    """One item. `unit` is the code of its unit, `on` is the day on which it happened, and `data` contains the fields of
    its TOML table.
    """

    key: str
    unit: str
    on: date
    data: dict[str, Any]

    def texts(self) -> list[str]:
        """Returns every text that people read. demo_check checks these texts."""
        d = self.data
        texts = [d.get("summary", ""), *(d.get(name, "") for name in LONG_FIELDS), *d.get("premortem", [])]
        texts += [row["text"] for name in ("answers", "addenda") for row in d.get(name, [])]
        texts += [row["what"] for row in d.get("next_actions", [])]
        texts += [row["fact"] for row in d.get("facts", {}).get("timeline", [])]
        for block in d.get("blocks", []):
            texts += [block.get("text", ""), block.get("title", ""), block.get("caption", ""), *block.get("header", [])]
            texts += [cell for row in block.get("rows", []) for cell in row]
        return [text.strip() for text in texts if text.strip()]


def build_content(size: str, today: date, units: list[str]) -> list[Content]:
    """Returns the items of `size` in the order in which they must be stored: an item comes before the items that refer
    to it.
    """
    items = [
        Content(item["key"], path.stem, today - timedelta(days=item["days_ago"]), item)
        for path in sorted((DATA / "items").glob("*.toml"))
        for item in tomllib.loads(path.read_text(encoding="utf-8"))["item"]
    ]
    if size == "full":
        items += list(_combined(items, units, today))
    return _ordered(items)


def _ordered(items: list[Content]) -> list[Content]:
    """Sorts challenges before their look-backs, retrospectives before the lessons that are drawn from them, and old
    lessons before new ones.
    """
    rank = {"challenge": 0, "retrospective": 1, "lesson": 2, "article": 3}
    by_key = {c.key: c for c in items}

    def depth(content: Content) -> int:
        older = by_key.get(content.data.get("supersedes", ""))
        return 0 if older is None else 1 + depth(older)

    return sorted(items, key=lambda c: (rank[c.data["type"]], depth(c), c.on, c.key))


def _combined(written: list[Content], units: list[str], today: date) -> Iterator[Content]:
    """Yields the additional items of the full demo. Each is combined from parts of two written items of the same type
    and format.
    """
    rng = random.Random("combined")  # noqa: S311 (the same in every run, nothing secret)
    pools: dict[tuple[str, str], list[Content]] = {}
    for content in written:
        pools.setdefault((content.data["type"], content.data.get("format", "")), []).append(content)
    kinds = [
        kind for kind in pools if kind[0] in ("lesson", "retrospective") and kind[1] not in ("lookback", "postmortem")
    ]
    weights = [len(pools[kind]) for kind in kinds]
    for n in range(FULL - len(written)):
        pool = pools[rng.choices(kinds, weights)[0]]
        base, other = rng.sample(pool, 2)
        data = {k: v for k, v in base.data.items() if k not in ("supersedes", "stale", "addenda")}
        if data["type"] == "lesson":
            data["source"] = {"external": "他所属の教訓を読んで"}
            for name in ("context", "discussion", "conclusion", "not_applicable"):
                data[name] = other.data.get(name, "")
        else:
            mixed = {row["section"]: row for row in other.data["answers"]}
            data["answers"] = [
                mixed.get(row["section"], row) if i % 2 else row for i, row in enumerate(base.data["answers"])
            ]
        data["title"] = f"{_cut(base.data['title'], 40)}（{n + 2}例目）"
        data["key"] = f"full-{n:04d}"
        yield Content(data["key"], rng.choice(units), today - timedelta(days=rng.randint(5, 1000)), _unlinked(data))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _unlinked(data: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of a combined item without links, because the linked items may be missing."""

    def plain(value: Any) -> Any:
        if isinstance(value, str):
            return re.sub(r"\[\[key:[^\]]+\]\]", "別の教訓", value)
        if isinstance(value, list):
            return [plain(part) for part in value]
        return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value

    return {name: plain(value) for name, value in data.items()}
