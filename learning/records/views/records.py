"""My own training records: enter, correct, plan, answer, share. Another person's record is 404."""

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

MY = {"url": "/my/", "label": "わたしの学び"}


def own(request: HttpRequest, pk: int) -> TrainingRecord:
    found = TrainingRecord.objects.of(require_person(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Enter a record; `?course=` chooses the entry of the catalogue."""
    person = require_person(request)
    form = OwnRecordForm(
        request.POST if request.method == "POST" else None,
        initial={"course": request.GET.get("course", "")[:15], "status": "completed"},
    )
    return _form(request, form, person, [MY, {"label": "受講を登録する"}])


@login_required
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a record that I entered myself; the office's records have no such page."""
    record, person = own(request, pk), require_person(request)
    if not editing.may_edit(record, person):
        raise Http404
    form = OwnRecordForm(request.POST if request.method == "POST" else None, record=record)
    return _form(request, form, person, [MY, {"url": _address(record), "label": record.title}, {"label": "直す"}])


def _form(request: HttpRequest, form: OwnRecordForm, person: Person, crumbs: list[dict[str, str]]) -> HttpResponse:
    if form.is_bound and form.is_valid():
        try:
            made = editing.enter(record=form.filled(), by=person)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"「{made.title}」を登録しました。")
            return redirect(_address(made))
    status = 422 if form.errors else 200
    return render(request, "learning/record_form.html", {"form": form, "crumbs": crumbs}, status=status)


@login_required
def page(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, own(request, pk))


def _page(request: HttpRequest, record: TrainingRecord, **typed: Any) -> HttpResponse:
    answered_from = record.ends_on + record.ASK_USED_AFTER
    context = {
        "record": record,
        "crumbs": [MY, {"label": record.title}],
        "serves": _serves(record),
        "may_edit": editing.may_edit(record, require_person(request)),
        "answered_from": answered_from,
        "may_answer": record.status in record.ATTENDED and answered_from <= clock.today(),
        "uses": TrainingRecord.Used.choices,
        "plan": typed.get("plan", record.use_plan),
        "used": typed.get("used", record.used),
        "note": typed.get("note", record.used_note),
        "refused": typed.get("refused", ""),
        "said": typed.get("said", ""),
    }
    return render(request, "learning/record.html", context, status=422 if typed else 200)


def _serves(record: TrainingRecord) -> list[Assignment]:
    """My running or finished paths with a step that asks for this course: where one goes on from here."""
    if record.course_id is None:
        return []
    mine = Assignment.objects.of(record.person).exclude(state=AssignmentState.CANCELLED)
    return list(mine.filter(version__steps__course=record.course_id).distinct())


@login_required
@require_POST
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """活用計画."""
    record, typed = own(request, pk), request.POST.get("use_plan", "")
    try:
        editing.plan_use(record=record, by=require_person(request), plan=clean_text(typed, "活用計画"))
    except ValidationError as error:
        return _page(request, record, plan=typed, refused="plan", said=error.messages[0])
    messages.success(request, "活用計画を残しました。90日たつと「使いましたか」とお聞きします。")
    return redirect(_address(record))


@login_required
@require_POST
def used(request: HttpRequest, pk: int) -> HttpResponse:
    """「使いましたか」."""
    record, answer, note = own(request, pk), request.POST.get("used", ""), request.POST.get("note", "")
    try:
        editing.answer_used(record=record, by=require_person(request), used=answer, note=clean_text(note, "ひとこと"))
    except ValidationError as error:
        return _page(request, record, used=answer, note=note, refused="used", said=error.messages[0])
    messages.success(request, "ありがとうございます。答えを残しました。")
    return redirect(_address(record))


@login_required
@require_POST
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """「所属長に見せる」, or no longer."""
    record = own(request, pk)
    changed = editing.share(record=record, by=require_person(request), shared="shared" in request.POST)
    outcome = "所属長に見えるようにしました。" if changed.shared else "所属長に見えないようにしました。"
    messages.success(request, f"「{record.title}」を{outcome}")
    return redirect("my_transcript" if request.POST.get("back") == "transcript" else _address(record))


def _address(record: TrainingRecord) -> str:
    return reverse("my_record", args=[record.pk])


urlpatterns: list[URLPattern] = [
    path("my/records/new/", new, name="record_new"),
    path("my/records/<int:pk>/", page, name="my_record"),
    path("my/records/<int:pk>/edit/", edit, name="record_edit"),
    path("my/records/<int:pk>/plan/", plan, name="record_plan"),
    path("my/records/<int:pk>/used/", used, name="record_used"),
    path("my/records/<int:pk>/share/", share, name="record_share"),
]
