"""The controls of the search page for its components: facet groups, chosen filters, sorting, pagination.

Every control is a link or a plain GET form. So the page works without JavaScript, and each state has an address. This
module does not search: it only prepares a request and its result for the page.
"""

from __future__ import annotations

from typing import Any

from search import ranking
from search.query import SearchRequest
from search.results import Facet, ResultPage

TITLES = {"type": "種類", "theme": "分野", "unit": "所属", "fiscal_year": "年度"}
SORTS = (("relevance", "関連の高い順"), ("newest", "新しい順"))
#: The number of values of a facet that are shown. The other values are shown after a click on 「ほか…を見る」.
_UNFOLDED = 7


def controls(request: SearchRequest, result: ResultPage) -> dict[str, Any]:
    """Returns all controls of the page, as template context."""
    chosen = [(facet.name, value) for facet in result.facets for value in facet.values if value.chosen]
    return {
        "count": f"{result.total:,}",
        "groups": [_group(facet) for facet in result.facets if facet.values],
        "active": len(chosen),
        "clear_url": request.address(filters={}),
        "again_url": request.address(page=request.page),
        "tags": [
            {"label": f"{TITLES[name]}：{value.label}", "url": request.address(without=(name, value.code))}
            for name, value in chosen
        ],
        "kept": [("q", request.text)] * bool(request.text) + [("sort", request.sort)] * (request.sort != "relevance"),
        "sorts": [
            {"label": label, "url": request.address(sort=sort), "current": sort == request.sort}
            for sort, label in SORTS
        ],
        "explain_url": request.address(explain=not request.explain, page=result.page),
        "pagination": _pagination(request, result),
    }


def _group(facet: Facet) -> dict[str, Any]:
    """Returns the control of one facet. Chosen values are always shown, also beyond the limit."""
    items = [
        {"value": value.code, "label": value.label, "count": value.count, "checked": value.chosen}
        for value in facet.values
    ]
    shown = [item for place, item in enumerate(items) if place < _UNFOLDED or item["checked"]]
    more = [item for place, item in enumerate(items) if place >= _UNFOLDED and not item["checked"]]
    return {"name": facet.name, "title": TITLES[facet.name], "items": shown, "more": more}


def _pagination(request: SearchRequest, result: ResultPage) -> dict[str, Any] | None:
    if result.pages < 2:
        return None
    page, last = result.page, result.pages
    near = {1, last, *range(max(1, page - 2), min(last, page + 2) + 1)}
    pages: list[dict[str, Any]] = []
    for number in sorted(near):
        if pages and number > pages[-1]["number"] + 1:
            pages.append({"gap": True, "number": number - 1})
        pages.append({"number": number, "url": request.address(page=number), "current": number == page})
    first = (page - 1) * ranking.PAGE_SIZE + 1
    return {
        "pages": pages,
        "previous_url": request.address(page=page - 1) if page > 1 else "",
        "next_url": request.address(page=page + 1) if page < last else "",
        "summary": f"{result.total:,}件中 {first:,}–{first + len(result.hits) - 1:,}件",
    }
