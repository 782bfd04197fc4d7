"""One search from beginning to end. It reads as a list; each step is a function elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from search import events, explain, ranking
from search.access import Allowed, Gate, authorise, gate, may_explain, newest
from search.documents import Card
from search.engines import engine
from search.engines.base import Clause, Engine, EngineHit, EngineUnavailable, Found, Plan, Scoring
from search.highlight import highlighted
from search.lexical import Attempt, Lexical, lexical
from search.query import FACETS, SearchRequest
from search.registry import labels, sources
from search.results import Facet, FacetValue, Hit, ResultPage


@dataclass(frozen=True, slots=True)
class Ranked:
    """One page of hits in final order, not yet asked of the database: keys only, nothing to show."""

    hits: Sequence[EngineHit]
    page: int
    found: Found
    attempt: Attempt
    plan: Plan
    fewer: bool  # than were asked for: nothing holds as many words as that


def run(request: SearchRequest, user: Any) -> ResultPage:
    """The page that `request` asks for, for this reader. Never fails for want of an engine."""
    words = lexical(request, _synonyms(request))
    try:
        ranked = rank(engine(), request, words, gate(user))
        parts = _parts(engine(), ranked) if request.explain and may_explain(user) else {}
    except EngineUnavailable as error:
        events.log(events.Event.REDUCED, error=type(error).__name__, advice=error.advice)
        return _reduced(request, words, user)
    allowed = authorise(user, [hit.key for hit in ranked.hits])
    refused = len(ranked.hits) - len(allowed)
    # Nothing may be counted that nobody here may open: with no hit left there is nothing to count.
    total = max(ranked.found.total - refused, 0) if allowed else 0
    attempt = ranked.attempt
    return ResultPage(
        hits=tuple(_hit(item, words, _why(item, ranked, parts)) for item in allowed),
        total=total,
        page=ranked.page,
        pages=_pages(total),
        facets=() if refused else _facets(ranked.found, request),
        fewer=(attempt.minimum, len(attempt.clauses)) if ranked.fewer and total else None,
        sentence=words.sentence,
        ignored=words.ignored,
    )


def rank(engine: Engine, request: SearchRequest, words: Lexical, reader: Gate) -> Ranked:
    """Ask for everything, then for less until enough is found, and put the best in order."""
    plan = _plan(request, words, reader)
    fewer = True
    for attempt in words.attempts:
        plan = replace(plan, clauses=attempt.clauses, minimum=attempt.minimum, scoring=attempt.scoring)
        found = engine.search(plan)
        fewer = fewer and (attempt.fewer or not found.total)
        # In order of date a wider question would only put what is nearly beside the point on top.
        if found.total >= (attempt.enough if plan.order == "relevance" else 1):
            break
    page = min(request.page, max(1, _pages(found.total)))
    return Ranked(_page(engine, plan, found, page), page, found, attempt, plan, fewer)


def look_up(user: Any, clauses: tuple[Clause, ...], scoring: tuple[Scoring, ...], limit: int) -> list[Card]:
    """The best documents that match all clauses, for this reader; none while the engine cannot answer (suggestions)."""
    reader = gate(user)
    plan = Plan(
        audience=reader.audience, hidden=reader.hidden, clauses=clauses, minimum=len(clauses), scoring=scoring,
        field_weights=ranking.FIELD_WEIGHTS, limit=5 * limit,
    )  # fmt: skip
    try:
        hits = ranking.order(engine().search(plan).hits, reader.audience)
    except EngineUnavailable as error:
        events.log(events.Event.REDUCED, error=type(error).__name__, advice=error.advice)
        return []
    return [allowed.card for allowed in authorise(user, [hit.key for hit in hits[:limit]])]


def _synonyms(request: SearchRequest) -> list[Any]:
    return [group for source in sources().values() for group in source.synonyms()] if request.asked else []


def _plan(request: SearchRequest, words: Lexical, reader: Gate) -> Plan:
    """The question to the engine: the reader's gate is part of it, whatever else is asked."""
    unranked = request.sort == "newest" or not (words.required or words.attempts[0].clauses)
    return Plan(
        audience=reader.audience,
        hidden=reader.hidden,
        required=words.required,
        excluded=words.excluded,
        field_weights=ranking.FIELD_WEIGHTS,
        filters={name: frozenset(codes) for name, codes in request.filters.items()},
        facets=FACETS,
        order="newest" if unranked else "relevance",
        limit=ranking.PAGE_SIZE if unranked else ranking.WINDOW,
    )


def _page(engine: Engine, plan: Plan, found: Found, page: int) -> Sequence[EngineHit]:
    """The hits of one page. The best are re-ordered as one window; later ones stand as the engine gave them."""
    begin = (page - 1) * ranking.PAGE_SIZE
    if plan.order == "relevance" and begin < ranking.WINDOW:
        return ranking.order(found.hits, plan.audience)[begin : begin + ranking.PAGE_SIZE]
    if begin == 0:
        return found.hits
    return engine.search(replace(plan, facets=(), offset=begin, limit=ranking.PAGE_SIZE)).hits


def _pages(total: int) -> int:
    return min(math.ceil(total / ranking.PAGE_SIZE), ranking.LAST_PAGE)


def _hit(item: Allowed, words: Lexical, why: tuple[str, ...] = ()) -> Hit:
    card = item.card
    title, snippet = highlighted(card.title, (card.summary, card.text), words.forms, words.typed)
    return Hit(card=card, title=title, snippet=snippet, why=why)


def _parts(engine: Engine, ranked: Ranked) -> dict[str, dict[str, float]]:
    """The scores of a page's hits by kind of word: the same question about just these, asked once for each."""
    keys = frozenset(hit.key for hit in ranked.hits)
    if not keys:
        return {}
    plan = replace(ranked.plan, facets=(), only=keys, limit=len(keys))
    asked = {explain.called(one): engine.search(replace(plan, scoring=(one,))) for one in plan.scoring}
    scores = {name: {hit.key: hit.score for hit in found.hits} for name, found in asked.items()}
    return {hit.key: {name: scores[name].get(hit.key, 0.0) for name in scores} for hit in ranked.hits}


def _why(item: Allowed, ranked: Ranked, parts: dict[str, dict[str, float]]) -> tuple[str, ...]:
    if item.key not in parts:
        return ()
    if ranked.plan.order == "newest":
        return ("新しい順なので、語の一致は使っていません",)
    hit = next(hit for hit in ranked.hits if hit.key == item.key)
    return (
        explain.by_words(parts[item.key]),
        *explain.reasons(hit, ranked.found.hits, ranked.plan.audience, item.card),
    )


def _facets(found: Found, request: SearchRequest) -> tuple[Facet, ...]:
    """Counts with names, most first (years newest first); what was chosen is shown even where it counts nothing."""
    facets = []
    for name in FACETS:
        chosen = request.filters.get(name, ())
        counts = {**dict.fromkeys(chosen, 0), **found.facets.get(name, {})}
        names = labels(name, counts)
        values = [FacetValue(code, names[code], count, code in chosen) for code, count in counts.items()]
        if name == "fiscal_year":
            values.sort(key=lambda value: value.code, reverse=True)
        else:
            values.sort(key=lambda value: (-value.count, value.label))
        facets.append(Facet(name, tuple(values)))
    return tuple(facets)


def _reduced(request: SearchRequest, words: Lexical, user: Any) -> ResultPage:
    """The database's answer, under the same policy; the page says that it is reduced."""
    wanted = [word.text for word in request.words if not word.excluded]
    allowed = newest(user, wanted, ranking.PAGE_SIZE + 1)
    shown = allowed[: ranking.PAGE_SIZE]
    return ResultPage(
        hits=tuple(_hit(item, words) for item in shown),
        total=len(shown),
        page=1,
        pages=1,
        reduced=True,
        more=len(allowed) > len(shown),
    )
