"""One search from beginning to end. It reads as a list; each step is a function elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from search import events, ranking
from search.access import Allowed, authorise, gate, newest
from search.engines import engine
from search.engines.base import EngineHit, EngineUnavailable, Found, Plan
from search.highlight import marked, snippet
from search.lexical import Attempt, Lexical, lexical
from search.query import FACETS, SearchRequest
from search.registry import labels, sources
from search.results import Facet, FacetValue, Hit, ResultPage


def run(request: SearchRequest, user: Any) -> ResultPage:
    """The page that `request` asks for, for this reader. Never fails for want of an engine."""
    words = lexical(request, _synonyms(request))
    try:
        plan = _plan(request, words, user)
        found, attempt = _first_that_finds(plan, words)
        page, hits = _page(replace(plan, clauses=attempt.clauses, minimum=attempt.minimum), request, found)
    except EngineUnavailable as error:
        events.log(events.Event.REDUCED, error=type(error).__name__)
        return _reduced(request, words, user)
    allowed = authorise(user, [hit.key for hit in hits])
    total = max(found.total - (len(hits) - len(allowed)), 0)
    return ResultPage(
        hits=_hits(allowed, words),
        total=total,
        page=page,
        pages=_pages(total),
        facets=_facets(found, request),
        fewer=(attempt.minimum, len(attempt.clauses)) if attempt.fewer and found.total else None,
        sentence=words.sentence,
        ignored=words.ignored,
    )


def _synonyms(request: SearchRequest) -> list[Any]:
    return [group for source in sources().values() for group in source.synonyms()] if request.asked else []


def _plan(request: SearchRequest, words: Lexical, user: Any) -> Plan:
    """The question to the engine: the reader's gate is part of it, whatever else is asked."""
    reader = gate(user)
    unranked = request.sort == "newest" or not (words.required or words.attempts[0].clauses)
    return Plan(
        audience=reader.audience,
        hidden=reader.hidden,
        required=words.required,
        excluded=words.excluded,
        scoring=words.scoring,
        field_weights=ranking.FIELD_WEIGHTS,
        filters={name: frozenset(codes) for name, codes in request.filters.items()},
        facets=FACETS,
        order="newest" if unranked else "relevance",
        limit=ranking.PAGE_SIZE if unranked else ranking.WINDOW,
    )


def _first_that_finds(plan: Plan, words: Lexical) -> tuple[Found, Attempt]:
    """AND first; then, in turn, what asks for less."""
    for attempt in words.attempts:
        found = engine().search(replace(plan, clauses=attempt.clauses, minimum=attempt.minimum))
        if found.total:
            break
    return found, attempt


def _page(plan: Plan, request: SearchRequest, found: Found) -> tuple[int, Sequence[EngineHit]]:
    """The page asked for, or the last there is. The best are re-ordered as one window; later ones are not."""
    page = min(request.page, max(1, _pages(found.total)))
    begin = (page - 1) * ranking.PAGE_SIZE
    if plan.order == "relevance" and begin < ranking.WINDOW:
        return page, ranking.order(found.hits, plan.audience)[begin : begin + ranking.PAGE_SIZE]
    if begin == 0:
        return page, found.hits[: ranking.PAGE_SIZE]
    return page, engine().search(replace(plan, facets=(), offset=begin, limit=ranking.PAGE_SIZE)).hits


def _pages(total: int) -> int:
    return min(math.ceil(total / ranking.PAGE_SIZE), ranking.LAST_PAGE)


def _hits(allowed: Sequence[Allowed], words: Lexical) -> tuple[Hit, ...]:
    return tuple(
        Hit(
            card=item.card,
            title=marked(item.card.title, words.forms, words.typed),
            snippet=snippet((item.card.summary, item.card.text), words.forms, words.typed),
        )
        for item in allowed
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
        hits=_hits(shown, words), total=len(shown), page=1, pages=1, reduced=True, more=len(allowed) > len(shown)
    )
