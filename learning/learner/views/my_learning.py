"""「わたしの学び」 (/my/): the next step, my assignments, what waits for an answer; then what I wrote and my records.

Everything on it is the reader's own. Its queries do not grow with the number of assignments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from kb.models import Draft, Item
from learning.access.requests import person_of
from learning.learner.assignment_page import next_step
from learning.models import Assignment, AssignmentState, Stage, TrainingRecord
from learning.paths.reading_targets import reads_courses
from learning.progress import reports
from organization import clock
from organization.consent import set_findable
from organization.models import Notice

WRITTEN_SHOWN = 20
RECORDS_SHOWN = 50
#: Records that ask for a report or an answer, at most; the rest follow when these are done.
ASKING_SHOWN = 5


@login_required
def page(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    if person is None:
        return render(request, "learning/my.html", {"person": None})
    mine = Item.objects.written_by(person)
    # What was touched last is what one comes back for.
    written = mine.select_related("content_type").order_by("-latest_revision_created_at", "-pk")
    records = list(TrainingRecord.objects.of(person)[:RECORDS_SHOWN])
    assignments = list(Assignment.objects.of(person).select_related("waived_by"))
    return render(
        request,
        "learning/my.html",
        {
            "person": person,
            "reads_courses": reads_courses(request.user),
            "drafts": Draft.objects.open_of(person),
            "written": Paginator(written, WRITTEN_SHOWN).get_page(request.GET.get("page")),
            "records": records,
            "next": next_step(assignments, request.user),
            **_by_state(assignments),
            **_asking(records),
            "notices": Notice.objects.filter(person=person).order_by("-pk")[:20],
        },
    )


def _by_state(rows: Sequence[Assignment]) -> dict[str, Any]:
    """The lists of the page: what runs (by due date), what is to come, and what has ended (newest first)."""
    today, state = clock.today(), AssignmentState
    began = [row for row in rows if row.is_open and row.start_on <= today]
    finished = [(row, _renewable(row, rows)) for row in rows if row.state in (state.COMPLETED, state.WAIVED)]
    renewable = [row for row, is_renewable in finished if is_renewable]
    return {
        "running": [row for row in began if row.is_running] + [row for row in began if not row.is_running],
        "upcoming": [row for row in rows if row.is_open and row.start_on > today],
        "finished": finished,
        "to_renew": min(renewable, key=lambda row: row.valid_until or today, default=None),
        "cancelled": [row for row in rows if row.state == state.CANCELLED],
    }


def _renewable(row: Assignment, rows: Sequence[Assignment]) -> bool:
    """Whether 更新 is offered: its window is open, and neither is it running nor was it renewed since."""
    opens = row.renewal_opens_on() if row.state == AssignmentState.COMPLETED else None
    if opens is None or opens > clock.today() or row.path.stage != Stage.ACTIVE:
        return False
    return not any(
        other.path_id == row.path_id and other.pk > row.pk and other.state != AssignmentState.CANCELLED
        for other in rows
    )


def _asking(records: Sequence[TrainingRecord]) -> dict[str, Any]:
    """Records whose report is due (派遣・指名, 14 days), the most urgent first; and those of 90 days ago."""
    due = sorted((row for row in records if row.reflection_due_on), key=lambda row: row.ends_on, reverse=True)
    asked = [row for row in records if row.asks_used()]
    return {"report_due": due[:ASKING_SHOWN], "ask_used": asked[:ASKING_SHOWN], "ask_used_count": len(asked)}


@login_required
@require_POST
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the report of one of my records."""
    person = person_of(request)
    record = get_object_or_404(TrainingRecord, pk=pk)
    if person is None or record.person_id != person.pk:
        raise Http404
    try:
        draft = reports.begin(record=record, by=person)
    except PermissionDenied as error:
        messages.error(request, str(error))
        return redirect("my")
    return redirect(draft)


@login_required
@require_POST
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark my notices as read."""
    person = person_of(request)
    if person is not None:
        Notice.objects.unread_of(person).mark_read()
    return redirect("my")


@login_required
@require_POST
def findable(request: HttpRequest) -> HttpResponse:
    """Let others find me by name, or not; only the person can."""
    person = person_of(request)
    if person is not None:
        set_findable(person=person, findable="findable" in request.POST)
        message = (
            "検索の候補に、あなたの氏名と職名が出ます。"
            if person.findable
            else "検索の候補に、あなたの名前は出ません。"
        )
        messages.success(request, message)
    return redirect("my")


urlpatterns = [
    path("my/", page, name="my"),
    path("my/findable/", findable, name="my_findable"),
    path("my/notices/", read_notices, name="my_notices"),
    path("my/records/<int:pk>/report/", report, name="record_report"),
]
