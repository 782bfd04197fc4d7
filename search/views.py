"""The search page. Reads the address, runs the search, shows it; decides nothing."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from search.forms import controls
from search.pipeline import run
from search.query import MAX_CHARACTERS, parse


@require_safe
@never_cache  # what one reader may see must not lie in a shared cache, nor outlive a narrowed audience
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """``/search/?q=&type=&theme=&unit=&fiscal_year=&sort=&page=``, the codes repeatable."""
    asked = parse(dict(request.GET.lists()))
    result = run(asked, request.user)
    context = {"asked": asked, "result": result, "max_characters": MAX_CHARACTERS, **controls(asked, result)}
    return render(request, "search/search.html", context)
