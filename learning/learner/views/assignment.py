"""The page of one of the user's own assignments (/my/learning/<uid>/). The user can act on the steps and on the
assignment.

Another person's assignment gives a 404. A refused form is shown again with the typed values, with status 422.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from kb.formats.loading import get_format
from kb.models import Draft, Retrospective
from kb.text_cleaning import clean_text
from kb.writing import drafts
from learning.access.requests import user_of
from learning.assignments import adjustments, assigning
from learning.learner.assignment_page import ShownGroup, ShownStep, first_takeable, load_groups
from learning.models import Assignment, AssignmentState, LearningPath, Source, Stage, Step, StepType
from learning.paths.structure import outline
from learning.progress import recording
from organization import clock
from organization.audience import Audience
from organization.models import Person

REFLECTION_FORMAT = "ywt"


@dataclass(frozen=True)
class RefusedInput:
    """The input that was refused for one step. The page shows the input again, with the errors."""

    step_uid: UUID
    messages: tuple[str, ...]
    evidence: str = ""
    answers: dict[int, int] = field(default_factory=dict)
    wrong: tuple[int, ...] = ()


def own_assignment(request: HttpRequest, uid: UUID) -> Assignment:
    """Returns the user's own assignment. Raises Http404 if the assignment is missing or belongs to another person."""
    person: Person | None = getattr(request.user, "person", None)
    assignments = Assignment.objects.filter(uid=uid, person=person) if person is not None else Assignment.objects.none()
    assignment = assignments.select_related("path", "version", "assigned_by", "waived_by", "person").first()
    if assignment is None:
        raise Http404
    return assignment


@login_required
def assignment_page(request: HttpRequest, uid: UUID) -> HttpResponse:
    return _render_page(request, own_assignment(request, uid))


def _render_page(
    request: HttpRequest,
    assignment: Assignment,
    refused_input: RefusedInput | None = None,
    ending: tuple[str, str] | None = None,
) -> HttpResponse:
    groups = load_groups(assignment, request.user)
    next_step = first_takeable(groups) if assignment.is_running and assignment.start_on <= clock.today() else None
    context: dict[str, Any] = {
        "assignment": assignment,
        "crumbs": [{"url": reverse("my"), "label": "わたしの学び"}, {"label": assignment.path.title}],
        "groups": [(group, [_step_row(shown, refused_input) for shown in group.steps]) for group in groups],
        "next": next_step,
        "tried": refused_input,
        "refused_step": _refused_step(groups, refused_input),
        "ending": ending,
        "is_upcoming": assignment.is_open and assignment.start_on > clock.today(),
        "may_cancel": assignment.is_open and assignment.source == Source.SELF,
        "minutes_left": sum(
            s.step.minutes for g in groups if not g.is_done for s in g.steps if s.step.required and not _is_counted(s)
        ),
        "path_readable": LearningPath.objects.visible_to(request.user).filter(pk=assignment.path_id).exists(),
        **_renewal_context(assignment),
    }
    if assignment.is_open:
        context["extensions"] = list(assignment.extensions.all())
    refused = refused_input is not None or ending is not None
    return render(request, "learning/my_learning.html", context, status=422 if refused else 200)


def _is_counted(shown: ShownStep) -> bool:
    return shown.row is not None and shown.row.counts


def _refused_step(groups: list[ShownGroup], refused_input: RefusedInput | None) -> ShownStep | None:
    """Returns the step whose form was refused. The error summary at the top of the page links to this step."""
    return next((s for g in groups for s in g.steps if refused_input and s.step.uid == refused_input.step_uid), None)


def _step_row(shown: ShownStep, refused_input: RefusedInput | None) -> dict[str, Any]:
    refused = refused_input if refused_input is not None and refused_input.step_uid == shown.step.uid else None
    return {
        "shown": shown,
        "step": shown.step,
        "tried": refused,
        "evidence": refused.evidence if refused else (shown.row.evidence if shown.row else ""),
        "quiz": _quiz_rows(shown.step, refused) if shown.step.type == StepType.CHECK and shown.may_do else [],
        "format": get_format(shown.step.format) if shown.step.format else None,
    }


def _quiz_rows(step: Step, refused_input: RefusedInput | None) -> list[dict[str, Any]]:
    """Returns the questions with the chosen answers. A question that was answered wrongly also has its explanation."""
    answers, wrong = (refused_input.answers, refused_input.wrong) if refused_input else ({}, ())
    return [
        {
            "n": number,
            "question": question["question"],
            "choices": [(m, text, answers.get(number) == m) for m, text in enumerate(question["choices"])],
            "is_wrong": number in wrong,
            "note": question.get("note", "") if number in answers else "答えを一つ選んでください。",
        }
        for number, question in enumerate(step.quiz)
    ]


def _renewal_context(assignment: Assignment) -> dict[str, Any]:
    """Returns the validity and the renewal of a completed assignment, as template context.

    One query. Returns an empty dict, without a query, if the assignment is not completed.
    """
    if assignment.state != AssignmentState.COMPLETED:
        return {}
    opens = assignment.renewal_opens_on()
    since = Assignment.objects.filter(person=assignment.person, path=assignment.path, pk__gt=assignment.pk)
    newer = since.exclude(state=AssignmentState.CANCELLED).order_by("pk").last() if opens else None
    return {
        "renewal_opens_on": opens if newer is None else None,
        "expired": assignment.standing() == "expired",
        "running_again": newer if newer and newer.is_open else None,
        # If there is a newer assignment, only the newer one can be renewed.
        "may_renew": newer is None
        and opens is not None
        and opens <= clock.today()
        and assignment.path.stage == Stage.ACTIVE,
    }


# --- Actions ---------------------------------------------------------------------------------


@login_required
def step_act(request: HttpRequest, uid: UUID, step_uid: UUID) -> HttpResponse:
    """Complete or skip one step, or begin to write its text; then redirect to the next step. A GET request redirects to
    the step on the page.
    """
    assignment = own_assignment(request, uid)
    if request.method != "POST":
        return redirect(f"{_assignment_url(assignment)}#step-{step_uid}")
    step = outline(assignment.version).step(step_uid)
    if step is None:
        raise Http404
    if "write" in request.POST:
        return (
            redirect(_draft_for_step(assignment, step))
            if step.type == StepType.WRITE
            else redirect(_assignment_url(assignment))
        )
    evidence, answers = request.POST.get("evidence", ""), _submitted_answers(request, step)
    try:
        if "skip" in request.POST:
            recording.skip_step(assignment=assignment, step_uid=step_uid, by=assignment.person)
        else:
            recording.complete_step(
                assignment=assignment,
                step_uid=step_uid,
                by=assignment.person,
                evidence=clean_text(evidence, "書いたこと"),
                answers=answers,
            )
    except recording.WrongAnswersError as error:
        message = f"{len(error.wrong)}問、もう一度考えてみましょう。説明を読んで、選び直してください。"
        return _render_page(
            request, assignment, RefusedInput(step_uid, (message,), evidence, answers, tuple(error.wrong))
        )
    except ValidationError as error:
        return _render_page(request, assignment, RefusedInput(step_uid, tuple(error.messages), evidence, answers))
    return _redirect_to_next(request, assignment)


def _redirect_to_next(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Redirect to the next step with a success message. If the path is completed, redirect to the top of the page."""
    assignment = own_assignment(request, assignment.uid)
    if assignment.state == AssignmentState.COMPLETED:
        return redirect(_assignment_url(assignment))
    groups = load_groups(assignment, request.user)
    next_step = first_takeable(groups)
    messages.success(
        request, f"記録しました。次は「{next_step.title}」です。" if next_step else "記録しました。確認を待っています。"
    )
    return redirect(
        f"{_assignment_url(assignment)}#step-{next_step.step.uid}" if next_step else _assignment_url(assignment)
    )


def _submitted_answers(request: HttpRequest, step: Step) -> dict[int, int]:
    """Maps the number of each question to the number of the chosen answer. A question with an invalid value is left
    out.
    """
    chosen = {}
    for number, question in enumerate(step.quiz):
        value = request.POST.get(f"answer-{number}", "")
        if value.isascii() and value.isdigit() and int(value[:4]) < len(question["choices"]):
            chosen[number] = int(value[:4])
    return chosen


def _draft_for_step(assignment: Assignment, step: Step) -> str:
    """Returns the address of a draft in the format of the step. If the learner has already begun a draft for the step,
    it is used; otherwise a new draft is created.

    The step is completed when the draft is published.
    """
    if get_format(step.format) is None:
        return reverse("write")
    return _find_or_start_draft(assignment, step.format, {"source_step": str(step.uid)})


def _find_or_start_draft(assignment: Assignment, format: str, source: dict[str, str]) -> str:
    begun = Draft.objects.open_of(assignment.person).filter(format=format, item=None)
    draft = begun.filter(**{f"data__{key}": value for key, value in source.items()}).first()
    if draft is None:
        data = {"audience": str(Audience.UNIT), **source}
        draft = drafts.start(author=assignment.person, kind=Retrospective.type_code(), format=format, data=data)
    return draft.get_absolute_url()


@login_required
@require_POST
def begin_reflection(request: HttpRequest, uid: UUID) -> HttpResponse:
    """「学んだことを書く」: open the draft about a completed path. If there is no draft yet, create one."""
    assignment = own_assignment(request, uid)
    if assignment.state != AssignmentState.COMPLETED:
        raise Http404
    begun = Draft.objects.open_of(assignment.person).filter(data__source_assignment=str(assignment.uid)).first()
    if begun is None:
        data = {
            "audience": str(Audience.UNIT),
            "subject": assignment.path.title[:60],
            "source_assignment": str(assignment.uid),
        }
        begun = drafts.start(
            author=assignment.person, kind=Retrospective.type_code(), format=REFLECTION_FORMAT, data=data
        )
    return redirect(begun)


@login_required
@require_POST
def share_assignment(request: HttpRequest, uid: UUID) -> HttpResponse:
    """「所属長に見せる」: share the assignment with the head, or stop sharing it. Only the learner decides."""
    assignment = own_assignment(request, uid)
    changed = adjustments.share(assignment=assignment, by=assignment.person, shared="shared" in request.POST)
    outcome = "所属長に見えるようにしました。" if changed.shared else "所属長に見えないようにしました。"
    messages.success(request, f"「{assignment.path.title}」を{outcome}")
    return redirect("my_transcript" if request.POST.get("back") == "transcript" else _assignment_url(assignment))


@login_required
@require_POST
def cancel_assignment(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Cancel an assignment that the user began by self-enrolment."""
    assignment = own_assignment(request, uid)
    if assignment.source != Source.SELF:
        raise Http404
    reason = request.POST.get("reason", "")
    try:
        adjustments.cancel(assignment=assignment, user=user_of(request), reason=clean_text(reason, "取りやめるわけ"))
    except ValidationError as error:
        return _render_page(request, assignment, ending=(reason, error.messages[0]))
    messages.success(request, f"「{assignment.path.title}」を取りやめました。")
    return redirect("my")


@login_required
@require_POST
def renew_assignment(request: HttpRequest, uid: UUID) -> HttpResponse:
    """「更新する」: begin the path again. This is possible only when the renewal window is open."""
    assignment = own_assignment(request, uid)
    opens = assignment.renewal_opens_on()
    if assignment.state != AssignmentState.COMPLETED or opens is None or opens > clock.today():
        raise Http404
    try:
        renewed = assigning.enrol(path=assignment.path, by=user_of(request))
    except (ValidationError, PermissionDenied) as error:
        messages.error(request, "".join(getattr(error, "messages", [str(error)])))
        return redirect(_assignment_url(assignment))
    messages.success(request, f"「{renewed.path.title}」を、もう一度始めました。")
    return redirect(_assignment_url(renewed))


def _assignment_url(assignment: Assignment) -> str:
    return reverse("my_learning", args=[assignment.uid])


urlpatterns: list[URLPattern] = [
    path("my/learning/<uuid:uid>/", assignment_page, name="my_learning"),
    path("my/learning/<uuid:uid>/share/", share_assignment, name="my_learning_share"),
    path("my/learning/<uuid:uid>/cancel/", cancel_assignment, name="my_learning_cancel"),
    path("my/learning/<uuid:uid>/again/", renew_assignment, name="my_learning_again"),
    path("my/learning/<uuid:uid>/write/", begin_reflection, name="my_learning_write"),
    path("my/learning/<uuid:uid>/steps/<uuid:step_uid>/", step_act, name="my_learning_step"),
]
