"""学びの記録 (/my/transcript/): the user's transcript as a page and as xlsx, with the items that the user wrote from it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from learning.access.requests import require_person
from learning.records import transcript
from learning.records.views.records import MY_CRUMB
from organization import clock
from organization.appointments import main_post
from organization.units.tree import unit_tree

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@login_required
@require_safe
def transcript_page(request: HttpRequest) -> HttpResponse:
    person = require_person(request)
    entries = transcript.entries(person)
    post = main_post(person, clock.today())
    context = {
        "years": transcript.entries_by_year(entries),
        "count": len(entries),
        "outcomes": transcript.written_items(person),
        "unit": unit_tree().name(post.unit_id) if post else "",
        "crumbs": [MY_CRUMB, {"label": "学びの記録"}],
    }
    return render(request, "learning/transcript.html", context)


@login_required
@require_safe
def download_transcript(request: HttpRequest) -> HttpResponse:
    """The same entries as a spreadsheet."""
    response = HttpResponse(transcript.workbook(transcript.entries(require_person(request))), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="manabi-{clock.today().isoformat()}.xlsx"'
    response["Cache-Control"] = "private, no-store"
    return response


urlpatterns: list[URLPattern] = [
    path("my/transcript/", transcript_page, name="my_transcript"),
    path("my/transcript.xlsx", download_transcript, name="my_transcript_xlsx"),
]
