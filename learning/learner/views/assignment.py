"""One of my assignments (/my/learning/<uid>/): its steps, what I do there, and what follows when it is done.

Another person's assignment does not exist here. A form that is refused comes back with what was typed (422).
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
from learning.learner.assignment_page import ShownGroup, ShownStep, next_shown, walk
from learning.models import Assignment, AssignmentState, LearningPath, Source, Stage, Step, StepType
from learning.paths.structure import outline
from learning.progress import recording
from organization import clock
from organization.audience import Audience
from organization.models import Person

LOOK_BACK = "ywt"


@dataclass(frozen=True)
class Tried:
    """What was typed for one step and refused; it is shown again."""

    step_uid: UUID
    messages: tuple[str, ...]
    evidence: str = ""
    answers: dict[int, int] = field(default_factory=dict)
    wrong: tuple[int, ...] = ()


def own(request: HttpRequest, uid: UUID) -> Assignment:
    """The reader's own assignment; Http404 for missing and forbidden alike."""
    person: Person | None = getattr(request.user, "person", None)
    found = Assignment.objects.filter(uid=uid, person=person) if person is not None else Assignment.objects.none()
    joined = found.select_related("path", "version", "assigned_by", "waived_by", "person").first()
    if joined is None:
        raise Http404
    return joined


@login_required
def page(request: HttpRequest, uid: UUID) -> HttpResponse:
    return _page(request, own(request, uid))


def _page(
    request: HttpRequest, mine: Assignment, tried: Tried | None = None, ending: tuple[str, str] | None = None
) -> HttpResponse:
    groups = walk(mine, request.user)
    coming = next_shown(groups) if mine.is_running and mine.start_on <= clock.today() else None
    context: dict[str, Any] = {
        "assignment": mine,
        "crumbs": [{"url": reverse("my"), "label": "わたしの学び"}, {"label": mine.path.title}],
        "groups": [(group, [_line(shown, tried) for shown in group.steps]) for group in groups],
        "next": coming,
        "tried": tried,
        "asked": _asked(groups, tried),
        "ending": ending,
        "is_upcoming": mine.is_open and mine.start_on > clock.today(),
        "may_cancel": mine.is_open and mine.source == Source.SELF,
        "minutes_left": sum(
            s.step.minutes for g in groups if not g.is_done for s in g.steps if s.step.required and not _counts(s)
        ),
        "path_readable": LearningPath.objects.visible_to(request.user).filter(pk=mine.path_id).exists(),
        **_afterwards(mine),
    }
    if mine.is_open:
        context["extensions"] = list(mine.extensions.all())
    refused = tried is not None or ending is not None
    return render(request, "learning/my_learning.html", context, status=422 if refused else 200)


def _counts(shown: ShownStep) -> bool:
    return shown.row is not None and shown.row.counts


def _asked(groups: list[ShownGroup], tried: Tried | None) -> ShownStep | None:
    """The step whose form was refused; for the sentence at the top."""
    return next((s for g in groups for s in g.steps if tried and s.step.uid == tried.step_uid), None)


def _line(shown: ShownStep, tried: Tried | None) -> dict[str, Any]:
    again = tried if tried is not None and tried.step_uid == shown.step.uid else None
    return {
        "shown": shown,
        "step": shown.step,
        "tried": again,
        "evidence": again.evidence if again else (shown.row.evidence if shown.row else ""),
        "quiz": _quiz(shown.step, again) if shown.step.type == StepType.CHECK and shown.may_do else [],
        "format": get_format(shown.step.format) if shown.step.format else None,
    }


def _quiz(step: Step, tried: Tried | None) -> list[dict[str, Any]]:
    """The questions with what was answered; a wrong answer with what explains it."""
    answers, wrong = (tried.answers, tried.wrong) if tried else ({}, ())
    return [
        {
            "n": n,
            "question": one["question"],
            "choices": [(m, text, answers.get(n) == m) for m, text in enumerate(one["choices"])],
            "is_wrong": n in wrong,
            "note": one.get("note", "") if n in answers else "答えを一つ選んでください。",
        }
        for n, one in enumerate(step.quiz)
    ]


def _afterwards(mine: Assignment) -> dict[str, Any]:
    """Validity and renewal of what is completed; one query, none before."""
    if mine.state != AssignmentState.COMPLETED:
        return {}
    opens = mine.renewal_opens_on()
    since = Assignment.objects.filter(person=mine.person, path=mine.path, pk__gt=mine.pk)
    newer = since.exclude(state=AssignmentState.CANCELLED).order_by("pk").last() if opens else None
    return {
        "renewal_opens_on": opens if newer is None else None,
        "expired": mine.standing() == "expired",
        "running_again": newer if newer and newer.is_open else None,
        # What was renewed since is renewed from its newer row.
        "may_renew": newer is None and opens is not None and opens <= clock.today() and mine.path.stage == Stage.ACTIVE,
    }


# --- What is pressed -------------------------------------------------------------------------


@login_required
def step(request: HttpRequest, uid: UUID, step_uid: UUID) -> HttpResponse:
    """Complete, skip or begin to write one step, then go to the next. As a link (GET): the step on its page."""
    mine = own(request, uid)
    if request.method != "POST":
        return redirect(f"{_address(mine)}#step-{step_uid}")
    step_asked = outline(mine.version).step(step_uid)
    if step_asked is None:
        raise Http404
    if "write" in request.POST:
        return (
            redirect(_begin_writing(mine, step_asked))
            if step_asked.type == StepType.WRITE
            else redirect(_address(mine))
        )
    evidence, answers = request.POST.get("evidence", ""), _answers(request, step_asked)
    try:
        if "skip" in request.POST:
            recording.skip(assignment=mine, step_uid=step_uid, by=mine.person)
        else:
            recording.do(
                assignment=mine,
                step_uid=step_uid,
                by=mine.person,
                evidence=clean_text(evidence, "書いたこと"),
                answers=answers,
            )
    except recording.WrongAnswersError as error:
        said = f"{len(error.wrong)}問、もう一度考えてみましょう。説明を読んで、選び直してください。"
        return _page(request, mine, Tried(step_uid, (said,), evidence, answers, tuple(error.wrong)))
    except ValidationError as error:
        return _page(request, mine, Tried(step_uid, tuple(error.messages), evidence, answers))
    return _onward(request, mine)


def _onward(request: HttpRequest, mine: Assignment) -> HttpResponse:
    """To the next step, with a word on what happened; to the top when the path is completed."""
    mine = own(request, mine.uid)
    if mine.state == AssignmentState.COMPLETED:
        return redirect(_address(mine))
    groups = walk(mine, request.user)
    coming = next_shown(groups)
    messages.success(
        request, f"記録しました。次は「{coming.title}」です。" if coming else "記録しました。確認を待っています。"
    )
    return redirect(f"{_address(mine)}#step-{coming.step.uid}" if coming else _address(mine))


def _answers(request: HttpRequest, step: Step) -> dict[int, int]:
    """The numbers of the chosen answers, by number of the question; anything else was not answered."""
    chosen = {}
    for n, one in enumerate(step.quiz):
        value = request.POST.get(f"answer-{n}", "")
        if value.isascii() and value.isdigit() and int(value[:4]) < len(one["choices"]):
            chosen[n] = int(value[:4])
    return chosen


def _begin_writing(mine: Assignment, step: Step) -> str:
    """The draft of the step's format, the one already begun if there is one; it counts when it is published."""
    if get_format(step.format) is None:
        return reverse("write")
    return _draft(mine, step.format, {"source_step": str(step.uid)})


def _draft(mine: Assignment, format: str, source: dict[str, str]) -> str:
    begun = Draft.objects.open_of(mine.person).filter(format=format, item=None)
    draft = begun.filter(**{f"data__{key}": value for key, value in source.items()}).first()
    if draft is None:
        data = {"audience": str(Audience.UNIT), **source}
        draft = drafts.start(author=mine.person, kind=Retrospective.type_code(), format=format, data=data)
    return draft.get_absolute_url()


@login_required
@require_POST
def look_back(request: HttpRequest, uid: UUID) -> HttpResponse:
    """「学んだことを書く」 of a path that is done: a draft about it."""
    mine = own(request, uid)
    if mine.state != AssignmentState.COMPLETED:
        raise Http404
    begun = Draft.objects.open_of(mine.person).filter(data__source_assignment=str(mine.uid)).first()
    if begun is None:
        data = {"audience": str(Audience.UNIT), "subject": mine.path.title[:60], "source_assignment": str(mine.uid)}
        begun = drafts.start(author=mine.person, kind=Retrospective.type_code(), format=LOOK_BACK, data=data)
    return redirect(begun)


@login_required
@require_POST
def share(request: HttpRequest, uid: UUID) -> HttpResponse:
    """「所属長に見せる」, or no longer; the learner alone decides."""
    mine = own(request, uid)
    changed = adjustments.share(assignment=mine, by=mine.person, shared="shared" in request.POST)
    outcome = "所属長に見えるようにしました。" if changed.shared else "所属長に見えないようにしました。"
    messages.success(request, f"「{mine.path.title}」を{outcome}")
    return redirect("my_transcript" if request.POST.get("back") == "transcript" else _address(mine))


@login_required
@require_POST
def cancel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Give up what I began myself."""
    mine = own(request, uid)
    if mine.source != Source.SELF:
        raise Http404
    reason = request.POST.get("reason", "")
    try:
        adjustments.cancel(assignment=mine, user=user_of(request), reason=clean_text(reason, "取りやめるわけ"))
    except ValidationError as error:
        return _page(request, mine, ending=(reason, error.messages[0]))
    messages.success(request, f"「{mine.path.title}」を取りやめました。")
    return redirect("my")


@login_required
@require_POST
def again(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Begin once more what is to be renewed (更新)."""
    mine = own(request, uid)
    opens = mine.renewal_opens_on()
    if mine.state != AssignmentState.COMPLETED or opens is None or opens > clock.today():
        raise Http404
    try:
        renewed = assigning.enrol(path=mine.path, by=mine.person.user)  # type: ignore[arg-type]  # who asks is logged in
    except (ValidationError, PermissionDenied) as error:
        messages.error(request, "".join(getattr(error, "messages", [str(error)])))
        return redirect(_address(mine))
    messages.success(request, f"「{renewed.path.title}」を、もう一度始めました。")
    return redirect(_address(renewed))


def _address(mine: Assignment) -> str:
    return reverse("my_learning", args=[mine.uid])


urlpatterns: list[URLPattern] = [
    path("my/learning/<uuid:uid>/", page, name="my_learning"),
    path("my/learning/<uuid:uid>/share/", share, name="my_learning_share"),
    path("my/learning/<uuid:uid>/cancel/", cancel, name="my_learning_cancel"),
    path("my/learning/<uuid:uid>/again/", again, name="my_learning_again"),
    path("my/learning/<uuid:uid>/write/", look_back, name="my_learning_write"),
    path("my/learning/<uuid:uid>/steps/<uuid:step_uid>/", step, name="my_learning_step"),
]
