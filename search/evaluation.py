"""Computes how well search answers judged questions: nDCG, recall, MRR (docs/reference/search.md).

The functions for the measures are pure. `ask` runs the product's pipeline on an index of a judged collection. `ask`
works with any engine. The reader may see everything. The weights are set in ranking.py, not here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from search.access import Gate
from search.engines.base import KINDS, Clause, Engine, TokenKind
from search.generations import fill
from search.judgements import JudgedCollection, Question
from search.pipeline import rank
from search.query import parse
from search.query_plan import QueryPlan, plan_query

DEPTH = 10
_EVERYBODY = Gate(frozenset({"public"}), frozenset())


@dataclass(frozen=True, slots=True)
class Answer:
    """The first page of results for one question, best first. `took` is the time in milliseconds."""

    question: Question
    ranked: tuple[str, ...]
    took: float

    @property
    def ndcg(self) -> float:
        return ndcg(self.ranked, self.question.grades)


@dataclass(frozen=True, slots=True)
class Figures:
    """The means over all questions. The times are in milliseconds."""

    questions: int
    ndcg: float
    recall: float
    mrr: float
    success: float
    zero_hits: int
    p50: float
    p95: float

    def named(self) -> dict[str, float]:
        """Returns the figures by the names that never change (in the JSON output and in floors.toml)."""
        return {
            "questions": self.questions,
            "ndcg@10": self.ndcg,
            "recall@10": self.recall,
            "mrr@10": self.mrr,
            "success@1": self.success,
            "zero_hits": self.zero_hits,
            "p50_ms": self.p50,
            "p95_ms": self.p95,
        }


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """Returns the normalised discounted cumulative gain.

    A document gains 2^grade − 1. The logarithm of the rank discounts the gain. The result is a share of the best
    possible sum.
    """

    def gain(grades_in_order: Sequence[int]) -> float:
        return sum((2**grade - 1) / math.log2(rank + 2) for rank, grade in enumerate(grades_in_order[:depth]))

    best = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(key, 0) for key in ranked]) / best if best else 0.0


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """Returns 1 / rank of the first relevant document. Returns 0 if no relevant document was found."""
    return next((1 / rank for rank, key in enumerate(ranked[:depth], 1) if grades.get(key, 0) > 0), 0.0)


def recall(ranked: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """Returns the share of the relevant documents that are among the first `depth` results."""
    relevant = {key for key, grade in grades.items() if grade > 0}
    return len(relevant & set(ranked[:depth])) / len(relevant) if relevant else 0.0


def load(engine: Engine, judged: JudgedCollection) -> None:
    """Writes the documents of the collection to a new index and makes it the engine's live index."""
    fill(engine, judged.documents)


def ask(engine: Engine, judged: JudgedCollection, kinds: Collection[TokenKind] = KINDS) -> list[Answer]:
    """Returns the engine's answers to all questions. `load` must have filled the engine. `kinds` limits the token
    kinds that are used."""
    return [_answer(engine, question, judged.synonyms, kinds) for question in judged.questions]


def first_page(engine: Engine, text: str, synonyms: Collection[Collection[str]] = ()) -> tuple[str, ...]:
    """Returns the names of the documents that are found for `text`, best first."""
    return _answer(engine, Question("", text, "", {}), synonyms, KINDS).ranked


def agreeing(engine: Engine, pairs: Sequence[tuple[str, str]]) -> tuple[int, list[tuple[str, str]]]:
    """For each pair of equivalent spellings, compares the first pages of the results.

    Returns the number of pairs for which anything is found, and the list of pairs whose first pages differ.
    """
    pages = [(pair, set(first_page(engine, pair[0])), set(first_page(engine, pair[1]))) for pair in pairs]
    with_hits = [(pair, first, second) for pair, first, second in pages if first or second]
    return len(with_hits), [pair for pair, first, second in with_hits if first != second]


def figures(answers: Sequence[Answer]) -> Figures:
    """Returns the means of all answers. If there are no answers, all figures are zero."""
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
    engine: Engine, question: Question, synonyms: Collection[Collection[str]], kinds: Collection[TokenKind]
) -> Answer:
    started = time.perf_counter()
    request = parse({"q": [question.text]})
    plan = plan_query(request, synonyms)
    if set(kinds) != set(KINDS):
        plan = _limited_to(plan, kinds)
    hits = rank(engine, request, plan, _EVERYBODY).hits
    took = (time.perf_counter() - started) * 1000
    return Answer(question, tuple(hit.key.partition(":")[2] for hit in hits), took)


def _limited_to(plan: QueryPlan, kinds: Collection[TokenKind]) -> QueryPlan:
    """Returns the same plan, limited to these token kinds: only they match and score. With this function, the value
    of each kind is measured."""

    def limited(clause: Clause) -> Clause:
        return Clause(tuple(match for match in clause.any_of if match.kind in kinds) or clause.any_of)

    attempts = tuple(
        replace(
            attempt,
            clauses=tuple(map(limited, attempt.clauses)),
            scoring=tuple(scoring for scoring in attempt.scoring if scoring.kind in kinds),
        )
        for attempt in plan.attempts
    )
    return replace(plan, attempts=attempts)
