"""The user's own training records: enter, correct, plan the use, answer, share. Another person's record is a 404."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from kb.text_cleaning import clean_text
from learning.access.requests import require_person
from learning.models import Assignment, AssignmentState, TrainingRecord
from learning.records import editing
from learning.records.forms import OwnRecordForm
from organization import clock
from organization.models import Person

MY_CRUMB = {"url": "/my/", "label": "わたしの学び"}


def own_record(request: HttpRequest, pk: int) -> TrainingRecord:
    record = TrainingRecord.objects.of(require_person(request)).filter(pk=pk).first()
    if record is None:
        raise Http404
    return record


@login_required
def new_record(request: HttpRequest) -> HttpResponse:
    """Enter a record; `?course=` preselects a course of the catalogue."""
    person = require_person(request)
    form = OwnRecordForm(
        request.POST if request.method == "POST" else None,
        initial={"course": request.GET.get("course", "")[:15], "status": "completed"},
    )
    return _form_page(request, form, person, [MY_CRUMB, {"label": "受講を登録する"}])


@login_required
def edit_record(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a record that the user entered. A record that the training office entered is a 404 here."""
    record, person = own_record(request, pk), require_person(request)
    if not editing.may_edit(record, person):
        raise Http404
    form = OwnRecordForm(request.POST if request.method == "POST" else None, record=record)
    return _form_page(
        request, form, person, [MY_CRUMB, {"url": _record_url(record), "label": record.title}, {"label": "直す"}]
    )


def _form_page(request: HttpRequest, form: OwnRecordForm, person: Person, crumbs: list[dict[str, str]]) -> HttpResponse:
    if form.is_bound and form.is_valid():
        try:
            saved = editing.enter(record=form.filled(), by=person)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"「{saved.title}」を登録しました。")
            return redirect(_record_url(saved))
    status = 422 if form.errors else 200
    return render(request, "learning/record_form.html", {"form": form, "crumbs": crumbs}, status=status)


@login_required
def record_page(request: HttpRequest, pk: int) -> HttpResponse:
    return _render_page(request, own_record(request, pk))


def _render_page(request: HttpRequest, record: TrainingRecord, **refused_values: Any) -> HttpResponse:
    answered_from = record.ends_on + record.ASK_USED_AFTER
    context = {
        "record": record,
        "crumbs": [MY_CRUMB, {"label": record.title}],
        "serves": _paths_with_course(record),
        "may_edit": editing.may_edit(record, require_person(request)),
        "answered_from": answered_from,
        "may_answer": record.status in record.ATTENDED and answered_from <= clock.today(),
        "uses": TrainingRecord.Used.choices,
        "plan": refused_values.get("plan", record.use_plan),
        "used": refused_values.get("used", record.used),
        "note": refused_values.get("note", record.used_note),
        "refused": refused_values.get("refused", ""),
        "message": refused_values.get("message", ""),
    }
    return render(request, "learning/record.html", context, status=422 if refused_values else 200)


def _paths_with_course(record: TrainingRecord) -> list[Assignment]:
    """The person's assignments, except cancelled ones, whose path has a step for this course."""
    if record.course_id is None:
        return []
    assignments = Assignment.objects.of(record.person).exclude(state=AssignmentState.CANCELLED)
    return list(assignments.filter(version__steps__course=record.course_id).distinct())


@login_required
@require_POST
def plan_use(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the 活用計画 of a record."""
    record, typed = own_record(request, pk), request.POST.get("use_plan", "")
    try:
        editing.plan_use(record=record, by=require_person(request), plan=clean_text(typed, "活用計画"))
    except ValidationError as error:
        return _render_page(request, record, plan=typed, refused="plan", message=error.messages[0])
    messages.success(request, "活用計画を残しました。90日たつと「使いましたか」とお聞きします。")
    return redirect(_record_url(record))


@login_required
@require_POST
def answer_used(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the answer to 「使いましたか」."""
    record, answer, note = own_record(request, pk), request.POST.get("used", ""), request.POST.get("note", "")
    try:
        editing.answer_used(record=record, by=require_person(request), used=answer, note=clean_text(note, "ひとこと"))
    except ValidationError as error:
        return _render_page(request, record, used=answer, note=note, refused="used", message=error.messages[0])
    messages.success(request, "ありがとうございます。答えを残しました。")
    return redirect(_record_url(record))


@login_required
@require_POST
def share_record(request: HttpRequest, pk: int) -> HttpResponse:
    """「所属長に見せる」: share the record with the head, or stop."""
    record = own_record(request, pk)
    changed = editing.share(record=record, by=require_person(request), shared="shared" in request.POST)
    outcome = "所属長に見えるようにしました。" if changed.shared else "所属長に見えないようにしました。"
    messages.success(request, f"「{record.title}」を{outcome}")
    return redirect("my_transcript" if request.POST.get("back") == "transcript" else _record_url(record))


def _record_url(record: TrainingRecord) -> str:
    return reverse("my_record", args=[record.pk])


urlpatterns: list[URLPattern] = [
    path("my/records/new/", new_record, name="record_new"),
    path("my/records/<int:pk>/", record_page, name="my_record"),
    path("my/records/<int:pk>/edit/", edit_record, name="record_edit"),
    path("my/records/<int:pk>/plan/", plan_use, name="record_plan"),
    path("my/records/<int:pk>/used/", answer_used, name="record_used"),
    path("my/records/<int:pk>/share/", share_record, name="record_share"),
]
