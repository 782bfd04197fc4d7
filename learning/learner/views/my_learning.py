"""「わたしの学び」 (/my/): the user's next step, assignments, questions to answer, written items and training records.

The page shows only data of the user. The number of queries does not depend on the number of assignments.
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
from learning.learner.assignment_page import most_urgent_step
from learning.models import Assignment, AssignmentState, Stage, TrainingRecord
from learning.paths.reading_targets import reads_courses
from learning.progress import reports
from organization import clock
from organization.consent import set_findable
from organization.models import Notice

WRITTEN_SHOWN = 20
RECORDS_SHOWN = 50
#: The page shows at most this many records that need a report, and this many that need an answer. The others appear when
#: the user has answered the shown records.
ASKING_SHOWN = 5


@login_required
def my_page(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    if person is None:
        return render(request, "learning/my.html", {"person": None})
    items = Item.objects.written_by(person)
    # Users come back for the item that they changed last.
    written = items.select_related("content_type").order_by("-latest_revision_created_at", "-pk")
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
            "next": most_urgent_step(assignments, request.user),
            **_assignments_by_state(assignments),
            **_records_to_answer(records),
            "notices": Notice.objects.filter(person=person).order_by("-pk")[:20],
        },
    )


def _assignments_by_state(rows: Sequence[Assignment]) -> dict[str, Any]:
    """Returns the lists of the page: running assignments (by due date), future assignments, and ended assignments
    (newest first).
    """
    today, state = clock.today(), AssignmentState
    began = [row for row in rows if row.is_open and row.start_on <= today]
    finished = [(row, _is_renewable(row, rows)) for row in rows if row.state in (state.COMPLETED, state.WAIVED)]
    renewable = [row for row, is_renewable in finished if is_renewable]
    return {
        "running": [row for row in began if row.is_running] + [row for row in began if not row.is_running],
        "upcoming": [row for row in rows if row.is_open and row.start_on > today],
        "finished": finished,
        "to_renew": min(renewable, key=lambda row: row.valid_until or today, default=None),
        "cancelled": [row for row in rows if row.state == state.CANCELLED],
    }


def _is_renewable(row: Assignment, rows: Sequence[Assignment]) -> bool:
    """Whether the page offers 更新. It does so if the renewal window is open and the person has no newer assignment of
    the same path.
    """
    opens = row.renewal_opens_on() if row.state == AssignmentState.COMPLETED else None
    if opens is None or opens > clock.today() or row.path.stage != Stage.ACTIVE:
        return False
    return not any(
        other.path_id == row.path_id and other.pk > row.pk and other.state != AssignmentState.CANCELLED
        for other in rows
    )


def _records_to_answer(records: Sequence[TrainingRecord]) -> dict[str, Any]:
    """Returns the training records that need a report or an answer, as template context.

    `report_due` has the records whose report is due (派遣・指名, within 14 days), with the latest training first.
    `ask_used` has the records of trainings that ended 90 days ago: the page asks whether the user has used the
    training.
    """
    reports_due = sorted((row for row in records if row.reflection_due_on), key=lambda row: row.ends_on, reverse=True)
    usage_due = [row for row in records if row.asks_used()]
    return {
        "report_due": reports_due[:ASKING_SHOWN],
        "ask_used": usage_due[:ASKING_SHOWN],
        "ask_used_count": len(usage_due),
    }


@login_required
@require_POST
def begin_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the report on one of the user's training records."""
    person = person_of(request)
    record = get_object_or_404(TrainingRecord, pk=pk)
    if person is None or record.person_id != person.pk:
        raise Http404
    try:
        draft = reports.begin_report(record=record, by=person)
    except PermissionDenied as error:
        messages.error(request, str(error))
        return redirect("my")
    return redirect(draft)


@login_required
@require_POST
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark the user's notices as read."""
    person = person_of(request)
    if person is not None:
        Notice.objects.unread_of(person).mark_read()
    return redirect("my")


@login_required
@require_POST
def set_findability(request: HttpRequest) -> HttpResponse:
    """Set whether others can find the user by name. Only the user can change this."""
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
    path("my/", my_page, name="my"),
    path("my/findable/", set_findability, name="my_findable"),
    path("my/notices/", read_notices, name="my_notices"),
    path("my/records/<int:pk>/report/", begin_report, name="record_report"),
]
