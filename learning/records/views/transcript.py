"""学びの記録 (/my/transcript/): on screen, on paper, as xlsx; what came of it; and what is shown to the manager."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from learning.access.requests import require_person
from learning.records import transcript
from learning.records.views.records import MY
from organization import clock
from organization.posts import main_post
from organization.units.tree import unit_tree

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    person = require_person(request)
    found = transcript.lines(person)
    post = main_post(person, clock.today())
    context = {
        "years": transcript.by_year(found),
        "count": len(found),
        "outcomes": transcript.outcomes(person),
        "unit": unit_tree().name(post.unit_id) if post else "",
        "crumbs": [MY, {"label": "学びの記録"}],
    }
    return render(request, "learning/transcript.html", context)


@login_required
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """The same lines as a spreadsheet."""
    response = HttpResponse(transcript.workbook(transcript.lines(require_person(request))), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="manabi-{clock.today().isoformat()}.xlsx"'
    response["Cache-Control"] = "private, no-store"
    return response


urlpatterns: list[URLPattern] = [
    path("my/transcript/", page, name="my_transcript"),
    path("my/transcript.xlsx", download, name="my_transcript_xlsx"),
]
