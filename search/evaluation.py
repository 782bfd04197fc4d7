"""Judged questions → figures: how well the right documents stand at the top (docs/search.md).

The measures are pure; `evaluate` runs the product's own pipeline over an index of a judged collection,
for a reader who may see all of it. It refuses to tune anything: numbers live in ranking.py.
"""

from __future__ import annotations

import gzip
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.access import Gate
from search.documents import SearchDocument
from search.engines.base import Engine
from search.indexes import fill
from search.lexical import lexical
from search.pipeline import rank
from search.query import parse

_EVERYBODY = Gate(frozenset({"public"}), frozenset())


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over all questions; times in milliseconds."""

    questions: int
    ndcg: float
    mrr: float
    recall: float
    success: float
    zero_hits: int
    p50: float
    p95: float


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """Gain 2^grade − 1, discounted by the logarithm of the place, as a share of the best possible."""

    def gain(found: Sequence[int]) -> float:
        return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(found[:depth]))

    best = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(key, 0) for key in ranked]) / best if best else 0.0


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """One over the place of the first right document."""
    return next((1 / place for place, key in enumerate(ranked[:depth], 1) if grades.get(key, 0) > 0), 0.0)


def recall(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """The share of the right documents that is found."""
    right = {key for key, grade in grades.items() if grade > 0}
    return len(right & set(ranked[:depth])) / len(right) if right else 0.0


def evaluate(engine: Engine, folder: Path, first: int | None = None) -> Figures:
    """Figures of one judged collection: corpus.jsonl, queries.jsonl (each may be .gz) and qrels.tsv."""
    fill(engine, (_document(row) for row in _rows(folder, "corpus")))
    judged = _judgements(folder)
    answers: list[tuple[list[str], Mapping[str, int], float]] = []
    for row in list(_rows(folder, "queries"))[:first]:
        if row["id"] in judged:
            started = time.perf_counter()
            request = parse({"q": [row["text"]]})
            hits = rank(engine, request, lexical(request, ()), _EVERYBODY).hits
            took = (time.perf_counter() - started) * 1000
            answers.append(([hit.key.partition(":")[2] for hit in hits], judged[row["id"]], took))
    times = sorted(took for _, _, took in answers)
    count = max(1, len(answers))
    return Figures(
        questions=len(answers),
        ndcg=sum(ndcg(ranked, grades) for ranked, grades, _ in answers) / count,
        mrr=sum(reciprocal_rank(ranked, grades) for ranked, grades, _ in answers) / count,
        recall=sum(recall(ranked, grades) for ranked, grades, _ in answers) / count,
        success=sum(reciprocal_rank(ranked, grades, 1) for ranked, grades, _ in answers) / count,
        zero_hits=sum(not ranked for ranked, _, _ in answers),
        p50=times[len(times) // 2] if times else 0.0,
        p95=times[int(len(times) * 0.95)] if times else 0.0,
    )


def _document(row: Mapping[str, Any]) -> SearchDocument:
    return SearchDocument(
        key=f"judged:{row['id']}", source="judged", type="reference", public_id="", url="",
        audience=("public",), title=row["title"] or "（無題）", body=row["text"],
    )  # fmt: skip


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    path = folder / f"{name}.jsonl"
    with path.open(encoding="utf-8") if path.exists() else gzip.open(f"{path}.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _judgements(folder: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        question, document, grade = line.split("\t")
        found.setdefault(question, {})[document] = int(grade)
    return found
