"""Judged questions → figures: how well the right documents stand at the top (docs/search.md).

The measures are pure; `ask` runs the product's own pipeline over an index of a judged collection, for a reader
who may see all of it, whichever engine holds it. It refuses to tune anything: numbers live in ranking.py.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from search.access import Gate
from search.engines.base import KINDS, Clause, Engine, Kind
from search.indexes import fill
from search.judged import Judged, Question
from search.lexical import Lexical, lexical
from search.pipeline import rank
from search.query import parse

DEPTH = 10
_EVERYBODY = Gate(frozenset({"public"}), frozenset())


@dataclass(frozen=True, slots=True)
class Answer:
    """What stood on the first page for one question, best first, and how long that took in milliseconds."""

    question: Question
    ranked: tuple[str, ...]
    took: float

    @property
    def ndcg(self) -> float:
        return ndcg(self.ranked, self.question.grades)


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over all questions; times in milliseconds."""

    questions: int
    ndcg: float
    recall: float
    mrr: float
    success: float
    zero_hits: int
    p50: float
    p95: float

    def named(self) -> dict[str, float]:
        """The figures by the names that stay (JSON, floors)."""
        return {
            "questions": self.questions, "ndcg@10": self.ndcg, "recall@10": self.recall, "mrr@10": self.mrr,
            "success@1": self.success, "zero_hits": self.zero_hits, "p50_ms": self.p50, "p95_ms": self.p95,
        }  # fmt: skip


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """Gain 2^grade − 1, discounted by the logarithm of the place, as a share of the best possible."""

    def gain(found: Sequence[int]) -> float:
        return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(found[:depth]))

    best = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(key, 0) for key in ranked]) / best if best else 0.0


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """One over the place of the first right document."""
    return next((1 / place for place, key in enumerate(ranked[:depth], 1) if grades.get(key, 0) > 0), 0.0)


def recall(ranked: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """The share of the right documents that is found."""
    right = {key for key, grade in grades.items() if grade > 0}
    return len(right & set(ranked[:depth])) / len(right) if right else 0.0


def load(engine: Engine, judged: Judged) -> None:
    """Make the collection the whole of the engine's live index."""
    fill(engine, judged.documents)


def ask(engine: Engine, judged: Judged, kinds: Collection[Kind] = KINDS) -> list[Answer]:
    """Each question asked of an engine that `load` has filled, with all token kinds or with some of them alone."""
    return [_answer(engine, question, judged.synonyms, kinds) for question in judged.questions]


def first_page(engine: Engine, text: str, synonyms: Collection[Collection[str]] = ()) -> tuple[str, ...]:
    """The names of the documents that `text` finds, best first."""
    return _answer(engine, Question("", text, "", {}), synonyms, KINDS).ranked


def agreeing(engine: Engine, pairs: Sequence[tuple[str, str]]) -> tuple[int, list[tuple[str, str]]]:
    """Of pairs of spellings that mean the same: how many find anything, and those whose first pages differ."""
    pages = [(pair, first_page(engine, pair[0]), first_page(engine, pair[1])) for pair in pairs]
    found = [(pair, set(one), set(other)) for pair, one, other in pages if one or other]
    return len(found), [pair for pair, one, other in found if one != other]


def figures(answers: Sequence[Answer]) -> Figures:
    """The means. Of no answers at all everything is nought."""
    times = sorted(answer.took for answer in answers)
    count = max(1, len(answers))
    pairs = [(answer.ranked, answer.question.grades) for answer in answers]
    return Figures(
        questions=len(answers),
        ndcg=sum(ndcg(*pair) for pair in pairs) / count,
        recall=sum(recall(*pair) for pair in pairs) / count,
        mrr=sum(reciprocal_rank(*pair) for pair in pairs) / count,
        success=sum(reciprocal_rank(*pair, 1) for pair in pairs) / count,
        zero_hits=sum(not answer.ranked for answer in answers),
        p50=times[len(times) // 2] if times else 0.0,
        p95=times[int(len(times) * 0.95)] if times else 0.0,
    )


def _answer(
    engine: Engine, question: Question, synonyms: Collection[Collection[str]], kinds: Collection[Kind]
) -> Answer:
    started = time.perf_counter()
    request = parse({"q": [question.text]})
    words = lexical(request, synonyms)
    if set(kinds) != set(KINDS):
        words = _only(words, kinds)
    hits = rank(engine, request, words, _EVERYBODY).hits
    took = (time.perf_counter() - started) * 1000
    return Answer(question, tuple(hit.key.partition(":")[2] for hit in hits), took)


def _only(words: Lexical, kinds: Collection[Kind]) -> Lexical:
    """The same question matched and scored by these kinds of token alone (to see what each is worth)."""

    def reduced(clause: Clause) -> Clause:
        return Clause(tuple(way for way in clause.any_of if way.kind in kinds) or clause.any_of)

    attempts = tuple(
        replace(
            one,
            clauses=tuple(map(reduced, one.clauses)),
            scoring=tuple(scoring for scoring in one.scoring if scoring.kind in kinds),
        )
        for one in words.attempts
    )
    return replace(words, attempts=attempts)
