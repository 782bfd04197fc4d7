"""The search page, suggestions, and the description by which a browser's own bar searches us. They decide nothing."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from search.access import may_explain
from search.forms import controls
from search.pipeline import run
from search.query import MAX_CHARACTERS, parse
from search.suggest import suggest


@require_safe
@never_cache  # what one reader may see must not lie in a shared cache, nor outlive a narrowed audience
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """``/search/?q=&type=&theme=&unit=&fiscal_year=&sort=&page=``, the codes repeatable."""
    asked = parse(dict(request.GET.lists()))
    result = run(asked, request.user)
    context = {
        "asked": asked,
        "result": result,
        "max_characters": MAX_CHARACTERS,
        "may_explain": may_explain(request.user),
        **controls(asked, result),
    }
    return render(request, "search/search.html", context)


@require_safe
@never_cache
def suggestions(request: HttpRequest) -> JsonResponse:
    """``/search/suggest/?q=``: [what was typed, labels, kinds, addresses], as OpenSearch suggestions are written.

    A stranger gets none, and no log-in page either: a browser's bar could not show it.
    """
    text = request.GET.get("q", "")
    found = suggest(text, request.user) if request.user.is_authenticated else []
    answer = [
        text,
        [s.label for s in found],
        [s.kind for s in found],
        [request.build_absolute_uri(s.url) for s in found],
    ]
    return JsonResponse(answer, safe=False, content_type="application/x-suggestions+json")


@require_safe
def description(request: HttpRequest) -> HttpResponse:
    """The OpenSearch description document; it tells nothing that the log-in page does not."""
    base = request.build_absolute_uri("/").rstrip("/")
    return render(
        request, "search/opensearch.xml", {"base": base}, content_type="application/opensearchdescription+xml"
    )
