"""Every number that decides the order of results, each with its reason. Pure: no database, no engine, no clock.

An engine scores by words alone. This module puts the best hits in their final order by small, bounded boosts; no other
module may boost. All boosts together change a score by less than a third, so that worth never outranks words.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from search.engines.base import EngineHit, Signals, TokenKind

PAGE_SIZE = 10
#: How many of the best hits `order` re-orders; later ones stay in the engine's order. A multiple of PAGE_SIZE. With 200
#: no relevance figure differed in the third decimal, and a page took half a millisecond longer (embedded engine).
WINDOW = 100
#: Nobody reads further, and Elasticsearch returns at most 10,000 hits.
LAST_PAGE = 1_000

#: Weights of the token kinds, from the development sets (docs/reference/search.md). Short units carry the meaning; compounds and
#: bigrams reward closeness. A higher weight of bigrams improves encyclopaedia questions and makes assembly questions
#: worse by as much. Readings help only where the reader typed kana.
KIND_WEIGHTS: Mapping[TokenKind, float] = {
    TokenKind.UNIT: 1.0,
    TokenKind.COMPOUND: 0.5,
    TokenKind.BIGRAM: 0.3,
    TokenKind.READING: 0.5,
}
#: Fields are summed. A title counts a little more (a large title boost lowered the figures), the text of a file less.
FIELD_WEIGHTS = {"title": 1.25, "summary": 1.0, "body": 1.0, "names": 1.0, "attachments": 0.5}
#: A sentence requires fewer and fewer words until this many documents match: answers seldom use the words of the
#: question. Requiring a third of the words excluded the right document for one assembly question in ten.
ENOUGH_FOR_SENTENCE = 30
#: A compound is first searched with its units next to each other. A full page of these is enough; with fewer, documents
#: that hold the units apart follow, ranked lower by the weight of bigrams.
ENOUGH_CLOSE = PAGE_SIZE
#: A synonym counts nearly as much as the word, but the word itself comes first.
SYNONYM_WEIGHT = 0.5
#: If not every word is required, a synonym stands for its word against the other words, and must not lose to a more
#: frequent one. Bigrams and readings still put the word itself first.
SYNONYM_ALONE = 0.8

#: 教訓化済み was verified in practice. Anything else that was written down gets the same small bonus.
_MATURITY = {"learned": 0.12, "implemented": 0.08, "identified": 0.03, "noted": 0.03, "observed": 0.0}
_OTHER_TYPES = 0.03
#: Use by others is the second proof. Each doubling adds the same; five doublings are the maximum.
_REUSE_STEP, _REUSE_MOST = 0.012, 0.06
#: Newer work fits today's rules better. The bonus halves every two years (days).
_FRESHNESS, _FRESHNESS_HALF_LIFE = 0.06, 730.0
#: Readers most often look for what their own unit, or a predecessor of it, has written.
_OWN_UNIT = 0.04
#: Still found, but below a successor with the same words.
_SUPERSEDED = 0.7


def minimum_match(words: int) -> int:
    """How many words of a sentence must occur. A single one would match half of the collection."""
    return 1 if words < 3 else max(2, math.ceil(words * 0.3))


def minimum_matches(words: int) -> list[int]:
    """How many words of a sentence to require, in turn, until enough is found: a third, half of that, any."""
    first = minimum_match(words)
    return sorted({first, math.ceil(first / 2), 1}, reverse=True)


def fewer(words: int) -> list[int]:
    """How many words to require, in turn, if not all of them occur together: one less, half, any."""
    tries = (words - 1, math.ceil(words / 2), 1)
    return sorted({number for number in tries if 1 <= number < words}, reverse=True)


def bonuses(signals: Signals, newest_day: int, audience: Collection[str]) -> dict[str, float]:
    """The bonuses on a score, by reason. Freshness is relative to the newest hit, so no clock is needed."""
    shares = {
        "maturity": _MATURITY.get(signals.maturity, _OTHER_TYPES),
        "reuse": min(_REUSE_MOST, _REUSE_STEP * math.log2(1 + max(0, signals.reuse))),
    }
    if signals.day:
        shares["freshness"] = _FRESHNESS * 0.5 ** (max(0, newest_day - signals.day) / _FRESHNESS_HALF_LIFE)
    if signals.unit_uid and f"unit:{signals.unit_uid}" in audience:
        shares["own_unit"] = _OWN_UNIT
    return shares


def penalty(signals: Signals) -> float:
    return _SUPERSEDED if signals.superseded_by else 1.0


def boost(signals: Signals, newest_day: int, audience: Collection[str]) -> float:
    """The factor that a score is multiplied by."""
    return (1.0 + sum(bonuses(signals, newest_day, audience).values())) * penalty(signals)


def newest_day(hits: Sequence[EngineHit]) -> int:
    return max((hit.signals.day for hit in hits), default=0)


def order(hits: Sequence[EngineHit], audience: Collection[str]) -> list[EngineHit]:
    """The best hits in final order: by boosted score, then key; a superseded one below its successor."""
    newest = newest_day(hits)
    boosted = [EngineHit(hit.key, hit.score * boost(hit.signals, newest, audience), hit.signals) for hit in hits]
    boosted.sort(key=lambda hit: (-hit.score, hit.key))
    return _under_successors(boosted)


def _under_successors(hits: list[EngineHit]) -> list[EngineHit]:
    present = {hit.signals.public_id for hit in hits if hit.signals.public_id}
    waiting: dict[str, list[EngineHit]] = {}
    placed: list[EngineHit] = []
    done: set[str] = set()

    def place(hit: EngineHit) -> None:
        placed.append(hit)
        done.add(hit.signals.public_id)
        for older in waiting.pop(hit.signals.public_id, ()):
            place(older)

    for hit in hits:
        successor = hit.signals.superseded_by
        if successor in present and successor not in done and successor != hit.signals.public_id:
            waiting.setdefault(successor, []).append(hit)
        else:
            place(hit)
    return placed + [hit for group in waiting.values() for hit in group]  # two that supersede each other
