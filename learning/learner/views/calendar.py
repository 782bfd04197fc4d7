"""The page on which users create, copy and revoke their calendar key, and the calendar feed that the key opens."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from learning.access.requests import require_person
from learning.learner import calendar_feed
from learning.models import Assignment, CalendarKey
from learning.records.views.records import MY_CRUMB


@login_required
def calendar_page(request: HttpRequest) -> HttpResponse:
    key = CalendarKey.objects.filter(person=require_person(request)).first()
    url = request.build_absolute_uri(reverse("calendar_feed", args=[key.key])) if key else ""
    crumbs = [MY_CRUMB, {"label": "カレンダー"}]
    response = render(request, "learning/calendar.html", {"key": key, "url": url, "crumbs": crumbs})
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_POST
def change_key(request: HttpRequest) -> HttpResponse:
    """Create a new key, or revoke the key. When a new key is created, the previous key stops working."""
    if "revoke" in request.POST:
        calendar_feed.revoke_key(person=require_person(request))
        messages.success(request, "アドレスをやめました。前のアドレスでは、もう何も読めません。")
    else:
        calendar_feed.make_key(person=require_person(request))
        messages.success(request, "新しいアドレスを作りました。カレンダーに貼りつけてください。")
    return redirect("my_calendar")


@require_safe
def calendar_feed_view(request: HttpRequest, key: str) -> HttpResponse:
    """Returns the calendar feed to anybody who has the key. The view neither reads nor starts a session."""
    person = calendar_feed.person_of_key(key)
    if person is None:
        raise Http404

    def link(row: Assignment) -> str:
        return request.build_absolute_uri(reverse("my_learning", args=[row.uid]))

    response = HttpResponse(calendar_feed.feed(person, link), content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, max-age=900"
    response["Content-Disposition"] = 'inline; filename="manabi.ics"'
    return response


urlpatterns: list[URLPattern] = [
    path("my/calendar/", calendar_page, name="my_calendar"),
    path("my/calendar/key/", change_key, name="my_calendar_key"),
    path("calendar/<str:key>.ics", calendar_feed_view, name="calendar_feed"),
]
