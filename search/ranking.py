"""Every number that decides the order of results, each with its reason. The functions are pure: no database, no engine,
no clock.

An engine scores by words alone. This module puts the best hits in their final order, with small bonuses that have a
maximum. No other module may change scores in this way. All bonuses together change a score by less than a third. So a
document with large bonuses never gets ahead of a document that matches the words much better.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from search.engines.base import EngineHit, Signals, TokenKind

PAGE_SIZE = 10
#: `order` puts this many of the best hits in a new order. Later hits stay in the engine's order. Must be a multiple of
#: PAGE_SIZE. With 200, no relevance figure differed in the third decimal, and a page took half a millisecond longer
#: (embedded engine).
WINDOW = 100
#: Nobody reads further, and Elasticsearch returns at most 10,000 hits.
LAST_PAGE = 1_000

#: Weights of the token kinds, chosen with the development sets (docs/reference/search.md). Short units contain the
#: meaning. Compounds and bigrams reward words that are close together. A higher weight of bigrams makes encyclopaedia
#: questions better, but assembly questions worse by the same amount. Readings help only if the reader typed kana.
KIND_WEIGHTS: Mapping[TokenKind, float] = {
    TokenKind.UNIT: 1.0,
    TokenKind.COMPOUND: 0.5,
    TokenKind.BIGRAM: 0.3,
    TokenKind.READING: 0.5,
}
#: The scores of the fields are added. A title has a little more weight: a large weight made the figures worse. The text
#: of a file has less weight.
FIELD_WEIGHTS = {"title": 1.25, "summary": 1.0, "body": 1.0, "names": 1.0, "attachments": 0.5}
#: A sentence requires fewer and fewer words until this many documents match, because an answer seldom contains the
#: words of the question. When a third of the words was always required, the right document was missing for one assembly
#: question in ten.
ENOUGH_FOR_SENTENCE = 30
#: A compound is first searched with its units next to each other. If this finds a full page, it is enough. If it finds
#: less, documents in which the units are apart follow. The weight of bigrams gives them a lower rank.
ENOUGH_CLOSE = PAGE_SIZE
#: A synonym counts nearly as much as the word. But documents with the word itself come first.
SYNONYM_WEIGHT = 0.5
#: If not every word is required, a document may match by a synonym although another word is missing. In this case, the
#: synonym must not get a lower score than a more frequent word. Bigrams and readings still put the word itself first.
SYNONYM_ALONE = 0.8

#: An item with the maturity 教訓化済み was verified in practice. Items that have no maturity all get the same small bonus.
_MATURITY = {"learned": 0.12, "implemented": 0.08, "identified": 0.03, "noted": 0.03, "observed": 0.0}
_OTHER_TYPES = 0.03
#: Use by other people is the second sign of worth. Each doubling of the uses adds the same bonus. The maximum is five
#: doublings.
_REUSE_STEP, _REUSE_MOST = 0.012, 0.06
#: Newer items fit today's rules better. The bonus halves every two years (the number is in days).
_FRESHNESS, _FRESHNESS_HALF_LIFE = 0.06, 730.0
#: Readers most often look for items that their own unit, or a predecessor of their unit, has written.
_OWN_UNIT = 0.04
#: A superseded document is still found, but it is ranked below its successor if both match the same words.
_SUPERSEDED = 0.7


def minimum_match(words: int) -> int:
    """Returns how many words of a sentence must occur in a document. If one word was enough, half of the collection
    would match."""
    return 1 if words < 3 else max(2, math.ceil(words * 0.3))


def minimum_matches(words: int) -> list[int]:
    """Returns how many words of a sentence are required in each attempt, until enough is found: a third, half of
    that, one."""
    first = minimum_match(words)
    return sorted({first, math.ceil(first / 2), 1}, reverse=True)


def fewer(words: int) -> list[int]:
    """Returns how many words are required in each attempt if no document contains all words: one less, half, one."""
    tries = (words - 1, math.ceil(words / 2), 1)
    return sorted({number for number in tries if 1 <= number < words}, reverse=True)


def bonuses(signals: Signals, newest_day: int, audience: Collection[str]) -> dict[str, float]:
    """Returns the bonuses on a score, by reason. Newness is measured from the newest hit, so no clock is needed."""
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
    """Returns the factor by which a score is multiplied."""
    return (1.0 + sum(bonuses(signals, newest_day, audience).values())) * penalty(signals)


def newest_day(hits: Sequence[EngineHit]) -> int:
    return max((hit.signals.day for hit in hits), default=0)


def order(hits: Sequence[EngineHit], audience: Collection[str]) -> list[EngineHit]:
    """Returns the best hits in final order: by final score, then by key. A superseded document follows its
    successor."""
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
    return placed + [hit for group in waiting.values() for hit in group]  # documents that supersede each other
