"""Views: the search page, the suggestions, and the OpenSearch description for a browser's own search bar."""

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
@never_cache  # Results depend on what the reader may read, so no cache may store them.
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """The search page: ``/search/?q=&type=&theme=&unit=&fiscal_year=&sort=&page=``. Each facet code may be repeated."""
    search_request = parse(dict(request.GET.lists()))
    result = run(search_request, request.user)
    context = {
        "asked": search_request,
        "result": result,
        "max_characters": MAX_CHARACTERS,
        "may_explain": may_explain(request.user),
        **controls(search_request, result),
    }
    return render(request, "search/search.html", context)


@require_safe
@never_cache
def suggestions(request: HttpRequest) -> JsonResponse:
    """The suggestions ``/search/suggest/?q=`` as [text, labels, kinds, addresses], the format of OpenSearch.

    Without a login the lists are empty. There is no redirect to the login page, because a browser's search bar could
    not show it.
    """
    text = request.GET.get("q", "")
    suggested = suggest(text, request.user) if request.user.is_authenticated else []
    payload = [
        text,
        [suggestion.label for suggestion in suggested],
        [suggestion.kind for suggestion in suggested],
        [request.build_absolute_uri(suggestion.url) for suggestion in suggested],
    ]
    return JsonResponse(payload, safe=False, content_type="application/x-suggestions+json")


@require_safe
def description(request: HttpRequest) -> HttpResponse:
    """The OpenSearch description document. The document is public, because it contains no more than the login page
    shows."""
    base = request.build_absolute_uri("/").rstrip("/")
    return render(
        request, "search/opensearch.xml", {"base": base}, content_type="application/opensearchdescription+xml"
    )
