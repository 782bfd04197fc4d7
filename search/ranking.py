"""Every number that decides an order, each with its reason. Pure: no database, no engine, no clock.

An engine gives scores by words alone. Here the best of them are put in their final order by small,
bounded boosts; nothing else in the product may boost. It refuses to let worth outrun words: all
boosts together move a score by less than a third.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from search.engines.base import EngineHit, Kind, Signals

PAGE_SIZE = 10
#: So many of the best are re-ordered by `order`; later ones stand as the engine gave them. Whole pages only. With 200 no
#: figure of relevance differed in the third place, and a page took half a millisecond more (embedded engine).
WINDOW = 100
#: Nobody reads further, and a cluster refuses to go deeper than 10,000 hits.
LAST_PAGE = 1_000

#: Weights of the token kinds, from the development sets (docs/search.md): short units carry the meaning,
#: compounds and character pairs reward closeness. More for pairs lifts encyclopaedia questions and costs
#: as much on assembly questions. Readings only help where somebody typed kana.
KIND_WEIGHTS: Mapping[Kind, float] = {"a": 1.0, "c": 0.5, "b": 0.3, "r": 0.5}
#: The fields are summed; a title counts a little more (a big title boost hurt), a file's text less.
FIELD_WEIGHTS = {"title": 1.25, "summary": 1.0, "body": 1.0, "names": 1.0, "attachments": 0.5}
#: A sentence is asked of ever more documents until so many match: answers seldom use the words of the question.
#: Asking for a third of the words alone left the right document out of one assembly question in ten.
ENOUGH_FOR_SENTENCE = 30
#: A compound is first looked for with its units next to each other; a full page of these needs no looser ones,
#: and where there are fewer, those that hold the units apart stand below them by the weight of character pairs.
ENOUGH_CLOSE = PAGE_SIZE
#: A synonym is nearly the word, but the word itself comes first.
SYNONYM_WEIGHT = 0.5
#: Where not every word has to occur, a synonym speaks for its word against the other words, and must not lose to one
#: that more documents hold. Pairs of characters and readings still put the word itself first.
SYNONYM_ALONE = 0.8

#: 教訓化済み was verified in practice; anything else that was written down deserves the same start.
_MATURITY = {"learned": 0.12, "implemented": 0.08, "identified": 0.03, "noted": 0.03, "observed": 0.0}
_OTHER_TYPES = 0.03
#: Use by others is the second proof; each doubling of it adds the same, and five doublings are enough.
_REUSE_STEP, _REUSE_MOST = 0.012, 0.06
#: Newer work fits today's rules better; half of the bonus is gone after two years.
_FRESHNESS, _FRESHNESS_HALF_LIFE = 0.06, 730.0
#: People look most often for what their own office, or one it comes from, has written.
_OWN_UNIT = 0.04
#: Still found, but a successor with the same words stands above it.
_SUPERSEDED = 0.7


def minimum_match(words: int) -> int:
    """How many words of a sentence must occur. One alone brings in half of the collection."""
    return 1 if words < 3 else max(2, math.ceil(words * 0.3))


def minimum_matches(words: int) -> list[int]:
    """What to ask of a sentence in turn, until enough is found: a third of its words, half of that, any."""
    first = minimum_match(words)
    return sorted({first, math.ceil(first / 2), 1}, reverse=True)


def fewer(words: int) -> list[int]:
    """What to try, in turn, where not all of so many words occur together: one less, half, any."""
    tries = (words - 1, math.ceil(words / 2), 1)
    return sorted({number for number in tries if 1 <= number < words}, reverse=True)


def bonuses(signals: Signals, newest_day: int, audience: Collection[str]) -> dict[str, float]:
    """What is added to a score for worth, by reason. Freshness is counted back from the newest hit: no clock is needed."""
    found = {
        "maturity": _MATURITY.get(signals.maturity, _OTHER_TYPES),
        "reuse": min(_REUSE_MOST, _REUSE_STEP * math.log2(1 + max(0, signals.reuse))),
    }
    if signals.day:
        found["freshness"] = _FRESHNESS * 0.5 ** (max(0, newest_day - signals.day) / _FRESHNESS_HALF_LIFE)
    if signals.unit_uid and f"unit:{signals.unit_uid}" in audience:
        found["own_unit"] = _OWN_UNIT
    return found


def penalty(signals: Signals) -> float:
    return _SUPERSEDED if signals.superseded_by else 1.0


def boost(signals: Signals, newest_day: int, audience: Collection[str]) -> float:
    """What a score is multiplied by."""
    return (1.0 + sum(bonuses(signals, newest_day, audience).values())) * penalty(signals)


def newest_day(hits: Sequence[EngineHit]) -> int:
    return max((hit.signals.day for hit in hits), default=0)


def order(hits: Sequence[EngineHit], audience: Collection[str]) -> list[EngineHit]:
    """The window of best hits in final order: boosted score, then key; a superseded one below its successor."""
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
