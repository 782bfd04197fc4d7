"""Why a hit stands where it stands, in Japanese, for the knowledge office. Pure: it tells what ranking.py decided.

It refuses to compute an order of its own: every number is asked of ranking.py or came from the engine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from search import ranking
from search.documents import Card
from search.engines.base import EngineHit, Scoring

_KINDS = {"a": "短い語", "c": "長い語", "b": "二文字の並び", "r": "読み"}
_BONUSES = {"reuse": "役に立った", "freshness": "新しさ", "own_unit": "あなたの所属"}


def called(scoring: Scoring) -> str:
    """What one part of the question to the engine is called."""
    return "同義語" if scoring.kind == "a" and scoring.weight < ranking.KIND_WEIGHTS["a"] else _KINDS[scoring.kind]


def by_words(parts: Mapping[str, float]) -> str:
    """How well the words match, and which kinds of word say so."""
    said = "、".join(f"{name} {score:.2f}" for name, score in parts.items() if score)
    return f"語の一致 {sum(parts.values()):.2f}" + (f"（{said}）" if said else "")


def reasons(hit: EngineHit, window: Sequence[EngineHit], audience: Collection[str], card: Card) -> list[str]:
    """What was added to or taken from the words' score, and what came of it."""
    if hit.key not in {one.key for one in window}:
        return [f"上位{len(window)}件より後ろなので、語の一致だけの順です（加点なし）", f"合計 {hit.score:.2f}"]
    found = []
    for name, share in ranking.bonuses(hit.signals, ranking.newest_day(window), audience).items():
        if name == "maturity":
            label = dict(card.badges).get(hit.signals.maturity) if hit.signals.maturity else "教訓以外の記録（一律）"
            found.append(f"{label or hit.signals.maturity} +{share:.1%}")
        elif share:
            found.append(f"{_BONUSES[name]} +{share:.1%}")
    if (factor := ranking.penalty(hit.signals)) != 1.0:
        found.append(f"{hit.signals.superseded_by} に置き換わった ×{factor}（その下に並べます）")
    found.append(f"合計 {hit.score:.2f}")
    return found
