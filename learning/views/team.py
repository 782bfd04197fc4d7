"""所属の学び: people and paths of the own unit, and what the manager does there."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path


@login_required
def page(request: HttpRequest, **kwargs: object) -> HttpResponse:
    raise Http404


urlpatterns: list[URLPattern] = [
    path("team/", page, name="team"),
    path("team/waiting/", page, name="team_waiting"),
]
