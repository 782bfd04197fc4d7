"""The reduced results page: what the database alone finds when the engine is unavailable."""

from __future__ import annotations

from search import ranking
from search.access import database_fallback
from search.highlight import highlighted_hit
from search.query import SearchRequest
from search.query_plan import QueryPlan
from search.registry import Viewer
from search.results import ResultPage


def reduced_page(request: SearchRequest, plan: QueryPlan, user: Viewer) -> ResultPage:
    """Returns the results page that the database finds, with the same access policy. The page tells the reader that
    it is reduced."""
    words = [word.text for word in request.words if not word.excluded]
    allowed = database_fallback(user, words, ranking.PAGE_SIZE + 1)
    shown = allowed[: ranking.PAGE_SIZE]
    return ResultPage(
        hits=tuple(highlighted_hit(item.card, plan.forms, plan.typed) for item in shown),
        total=len(shown),
        page=1,
        pages=1,
        reduced=True,
        more=len(allowed) > len(shown),
    )
