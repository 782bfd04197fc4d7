"""Explains in Japanese why a hit has its rank, for the knowledge office. The functions are pure.

This module does not rank: every number comes from ranking.py or from the engine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from search import ranking
from search.documents import Card
from search.engines.base import EngineHit, EngineQuery, Scoring, TokenKind

#: Key of a hit → label of a token kind → score.
Scores = Mapping[str, Mapping[str, float]]

_KINDS = {
    TokenKind.UNIT: "短い語",
    TokenKind.COMPOUND: "長い語",
    TokenKind.BIGRAM: "二文字の並び",
    TokenKind.READING: "読み",
}
_BONUSES = {"reuse": "役に立った", "freshness": "新しさ", "own_unit": "あなたの所属"}


def queries_by_kind(query: EngineQuery, keys: Collection[str]) -> dict[str, EngineQuery]:
    """Returns one query for each token kind that scores. Each query is limited to the documents `keys`."""
    limited = replace(query, facets=(), only=frozenset(keys), limit=len(keys))
    return {_label(scoring): replace(limited, scoring=(scoring,)) for scoring in query.scoring}


def scores_by_key(keys: Collection[str], hits_by_kind: Mapping[str, Sequence[EngineHit]]) -> Scores:
    """Returns the score of each hit by token kind. `hits_by_kind` contains the answers to `queries_by_kind`."""
    scores = {name: {hit.key: hit.score for hit in hits} for name, hits in hits_by_kind.items()}
    return {key: {name: scores[name].get(key, 0.0) for name in scores} for key in keys}


def explanation(
    hit: EngineHit, card: Card, query: EngineQuery, window: Sequence[EngineHit], scores: Mapping[str, float]
) -> tuple[str, ...]:
    """Returns the lines that explain one hit. `window` contains the hits that ranking put in a new order."""
    if query.order == "newest":
        return ("新しい順なので、語の一致は使っていません",)
    return (by_words(scores), *reasons(hit, window, query.audience, card))


def by_words(scores: Mapping[str, float]) -> str:
    """Returns a line that shows how well the words match, by token kind."""
    parts = "、".join(f"{name} {score:.2f}" for name, score in scores.items() if score)
    return f"語の一致 {sum(scores.values()):.2f}" + (f"（{parts}）" if parts else "")


def reasons(hit: EngineHit, window: Sequence[EngineHit], audience: Collection[str], card: Card) -> list[str]:
    """Returns lines for the bonuses, for the penalty, and for the final score."""
    if hit.key not in {other.key for other in window}:
        return [f"上位{len(window)}件より後ろなので、語の一致だけの順です（加点なし）", f"合計 {hit.score:.2f}"]
    lines = []
    for name, share in ranking.bonuses(hit.signals, ranking.newest_day(window), audience).items():
        if name == "maturity":
            label = dict(card.badges).get(hit.signals.maturity) if hit.signals.maturity else "教訓以外の記録（一律）"
            lines.append(f"{label or hit.signals.maturity} +{share:.1%}")
        elif share:
            lines.append(f"{_BONUSES[name]} +{share:.1%}")
    if (factor := ranking.penalty(hit.signals)) != 1.0:
        lines.append(f"{hit.signals.superseded_by} に置き換わった ×{factor}（その下に並べます）")
    lines.append(f"合計 {hit.score:.2f}")
    return lines


def _label(scoring: Scoring) -> str:
    is_synonym = scoring.kind is TokenKind.UNIT and scoring.weight < ranking.KIND_WEIGHTS[TokenKind.UNIT]
    return "同義語" if is_synonym else _KINDS[scoring.kind]
