"""Runs one search, from the request to the page. Each step is a function. This module only calls the steps in order."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from search import events, explain, ranking
from search.access import Allowed, Gate, authorise, gate, may_explain
from search.documents import Card
from search.engines import engine
from search.engines.base import Clause, Engine, EngineHit, EngineQuery, EngineResult, EngineUnavailable, Scoring
from search.fallback import reduced_page
from search.highlight import highlighted_hit
from search.query import FACETS, SearchRequest
from search.query_plan import Attempt, QueryPlan, plan_query
from search.registry import Viewer, labels, sources
from search.results import Facet, FacetValue, Hit, ResultPage


@dataclass(frozen=True, slots=True)
class Ranked:
    """The hits of one page in final order. The hits are only keys: the database has not authorised the reader for
    them yet."""

    hits: Sequence[EngineHit]
    page: int
    result: EngineResult
    attempt: Attempt
    query: EngineQuery
    fewer: bool  # fewer words had to match than were asked for, because no document has all


def run(request: SearchRequest, user: Viewer) -> ResultPage:
    """Returns the results page of `request` for this reader. If the engine is unavailable, the database answers."""
    plan = plan_query(request, _synonyms(request))
    try:
        ranked = rank(engine(), request, plan, gate(user))
        scores = _scores_by_kind(engine(), ranked) if request.explain and may_explain(user) else {}
    except EngineUnavailable as error:
        _log_reduced(error)
        return reduced_page(request, plan, user)
    allowed = authorise(user, [hit.key for hit in ranked.hits])
    hits = tuple(_hit(item, plan, ranked, scores) for item in allowed)
    return _result_page(request, plan, ranked, hits)


def rank(engine: Engine, request: SearchRequest, plan: QueryPlan, reader: Gate) -> Ranked:
    """Makes the attempts of the plan until an attempt has enough hits. Then the best hits are put in order."""
    query = _engine_query(request, plan, reader)
    fewer = True
    for attempt in plan.attempts:
        query = replace(query, clauses=attempt.clauses, minimum=attempt.minimum, scoring=attempt.scoring)
        result = engine.search(query)
        fewer = fewer and (attempt.fewer or not result.total)
        # If the order is by date, a wider query would only put less relevant documents at the top.
        if result.total >= (attempt.enough if query.order == "relevance" else 1):
            break
    page = min(request.page, max(1, _page_count(result.total)))
    return Ranked(_hits_of_page(engine, query, result, page), page, result, attempt, query, fewer)


def look_up(user: Viewer, clauses: tuple[Clause, ...], scoring: tuple[Scoring, ...], limit: int) -> list[Card]:
    """Returns the best documents that match all clauses and that this reader may open (for suggestions).

    Returns no documents if the engine is unavailable.
    """
    reader = gate(user)
    query = EngineQuery(
        audience=reader.audience,
        hidden=reader.hidden,
        clauses=clauses,
        minimum=len(clauses),
        scoring=scoring,
        field_weights=ranking.FIELD_WEIGHTS,
        limit=5 * limit,
    )
    try:
        hits = ranking.order(engine().search(query).hits, reader.audience)
    except EngineUnavailable as error:
        _log_reduced(error)
        return []
    return [allowed.card for allowed in authorise(user, [hit.key for hit in hits[:limit]])]


def _log_reduced(error: EngineUnavailable) -> None:
    events.log(events.Event.REDUCED, error=type(error).__name__, advice=error.advice)


def _synonyms(request: SearchRequest) -> list[Collection[str]]:
    return [group for source in sources().values() for group in source.synonyms()] if request.asked else []


def _engine_query(request: SearchRequest, plan: QueryPlan, reader: Gate) -> EngineQuery:
    """Returns the query without the clauses of an attempt. The reader's gate is always part of the query."""
    unranked = request.sort == "newest" or not (plan.required or plan.attempts[0].clauses)
    return EngineQuery(
        audience=reader.audience,
        hidden=reader.hidden,
        required=plan.required,
        excluded=plan.excluded,
        field_weights=ranking.FIELD_WEIGHTS,
        filters={name: frozenset(codes) for name, codes in request.filters.items()},
        facets=FACETS,
        order="newest" if unranked else "relevance",
        limit=ranking.PAGE_SIZE if unranked else ranking.WINDOW,
    )


def _hits_of_page(engine: Engine, query: EngineQuery, result: EngineResult, page: int) -> Sequence[EngineHit]:
    """Returns the hits of one page.

    The best hits are put in a new order, all together as one window. Later hits stay in the engine's order.
    """
    begin = (page - 1) * ranking.PAGE_SIZE
    if query.order == "relevance" and begin < ranking.WINDOW:
        return ranking.order(result.hits, query.audience)[begin : begin + ranking.PAGE_SIZE]
    if begin == 0:
        return result.hits
    return engine.search(replace(query, facets=(), offset=begin, limit=ranking.PAGE_SIZE)).hits


def _page_count(total: int) -> int:
    return min(math.ceil(total / ranking.PAGE_SIZE), ranking.LAST_PAGE)


def _scores_by_kind(engine: Engine, ranked: Ranked) -> explain.Scores:
    """Returns the score of each hit on a page, by token kind. Each kind needs one extra query, limited to these
    hits."""
    keys = [hit.key for hit in ranked.hits]
    if not keys:
        return {}
    queries = explain.queries_by_kind(ranked.query, keys)
    return explain.scores_by_key(keys, {name: engine.search(query).hits for name, query in queries.items()})


def _hit(item: Allowed, plan: QueryPlan, ranked: Ranked, scores: explain.Scores) -> Hit:
    why: tuple[str, ...] = ()
    if item.key in scores:
        hit = next(hit for hit in ranked.hits if hit.key == item.key)
        why = explain.explanation(hit, item.card, ranked.query, ranked.result.hits, scores[item.key])
    return highlighted_hit(item.card, plan.forms, plan.typed, why)


def _result_page(request: SearchRequest, plan: QueryPlan, ranked: Ranked, hits: tuple[Hit, ...]) -> ResultPage:
    refused = len(ranked.hits) - len(hits)
    # Counts must not disclose documents that the reader may not open. If no hit is left, nothing is counted.
    total = max(ranked.result.total - refused, 0) if hits else 0
    attempt = ranked.attempt
    return ResultPage(
        hits=hits,
        total=total,
        page=ranked.page,
        pages=_page_count(total),
        facets=() if refused else _facets(ranked.result.facets, request),
        fewer=(attempt.minimum, len(attempt.clauses)) if ranked.fewer and total else None,
        sentence=plan.sentence,
        ignored=plan.ignored,
    )


def _facets(counts_by_facet: Mapping[str, Mapping[str, int]], request: SearchRequest) -> tuple[Facet, ...]:
    """Returns the facets with labels, highest count first (years: newest first). A chosen code is shown even if its
    count is zero."""
    facets = []
    for name in FACETS:
        chosen = request.filters.get(name, ())
        counts = {**dict.fromkeys(chosen, 0), **counts_by_facet.get(name, {})}
        names = labels(name, counts)
        values = [FacetValue(code, names[code], count, code in chosen) for code, count in counts.items()]
        if name == "fiscal_year":
            values.sort(key=lambda value: value.code, reverse=True)
        else:
            values.sort(key=lambda value: (-value.count, value.label))
        facets.append(Facet(name, tuple(values)))
    return tuple(facets)
