"""The page of one team member, the actions on an assignment (remind, extend, waive, cancel), and step confirmation.

A person whom the user does not manage gives a 404, the same as an unknown person. Users cannot act on their own
assignments (I11).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from kb.text_cleaning import clean_text
from learning.access import permissions
from learning.access.requests import user_of
from learning.assignments import adjustments
from learning.models import Assignment, Step, StepProgress, StepType
from learning.notifications import nudges
from learning.paths import reading_targets
from learning.paths.labels import UNNAMED
from learning.paths.titles import PathTitles
from learning.progress import recording
from learning.progress.confirmations import waiting_for
from learning.team import matrix, member_page
from learning.team.forms import CancelForm, ExtendForm, RemindForm, WaiveForm
from organization.access_policy import Viewer
from organization.models import Person, User

WAITING_PER_PAGE = 50
OWN_ASSIGNMENT = "自分の学習の期限や免除は、自分では変えられません。所属長か研修担当に相談してください。"


@dataclass(frozen=True)
class ManagerAction:
    """An action on one assignment: the form, the function to call, and the texts of the page."""

    form: type[forms.Form]
    apply: Callable[..., object]
    title: str
    lead: str
    button: str
    done: str
    kind: str = "primary"


MANAGER_ACTIONS = {
    "remind": ManagerAction(
        RemindForm,
        nudges.remind,
        "声をかける",
        "お知らせはすぐに、メールは平日の日中に届きます。1人に1日1通までです。",
        "送る",
        "声をかけました。お知らせが届いています。",
    ),
    "extend": ManagerAction(
        ExtendForm,
        adjustments.extend,
        "期限を延ばす",
        "元の期限と延ばしたわけは、記録に残ります。",
        "期限を延ばす",
        "期限を延ばしました。",
    ),
    "waive": ManagerAction(
        WaiveForm,
        adjustments.waive,
        "免除する",
        "学ばなくてよいと、根拠を添えて決めます。完了とは別に数えます。",
        "免除する",
        "免除しました。",
    ),
    "cancel": ManagerAction(
        CancelForm,
        adjustments.cancel,
        "取りやめる",
        "割当をやめます。すませたステップの記録は残ります。",
        "取りやめる",
        "取りやめました。",
        "danger",
    ),
}


@login_required
def team_person_page(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    user = request.user
    if not (permissions.is_manager(user) or permissions.is_office(user)):
        raise Http404
    person = _managed_person(user, uid)
    context = {
        "person_shown": person,
        "place": matrix.places([person]).get(person.pk, matrix.Place()),
        "assignments": member_page.assignments(user, person),
        "records": member_page.records(user, person),
        "trail": [{"url": reverse("team"), "label": "所属の学び"}, {"url": "", "label": person.name}],
    }
    return render(request, "learning/team_person.html", context)


def _managed_person(user: Viewer, uid: uuid.UUID) -> Person:
    person = Person.objects.filter(uid=uid).first()
    if person is None or not permissions.may_manage(user, person):
        raise Http404
    return person


# --- Actions on one assignment ----------------------------------------------------------------


@login_required
def assignment_action_page(request: HttpRequest, uid: uuid.UUID, name: str) -> HttpResponse:
    action = MANAGER_ACTIONS[name]
    row, is_own = _overseen_assignment(request.user, uid)
    title = PathTitles(request.user, [row.path_id]).of(row.path_id)
    back = reverse("my") if is_own else f"{reverse('team_person', args=[row.person.uid])}#a-{row.pk}"
    context: dict[str, Any] = {
        "act": action,
        "row": row,
        "title": title,
        "is_own": is_own,
        "own": OWN_ASSIGNMENT,
        "back": back,
        "crumbs": [
            _home_crumb(request.user),
            {"url": back, "label": row.person.name},
            {"label": action.title},
        ],
    }
    if is_own:
        return render(request, "learning/assignment_act.html", context, status=403)
    form = action.form(request.POST or None, initial=_initial_values(name, row, user_of(request)))
    form.use_required_attribute = False
    if request.method == "POST" and form.is_valid():
        try:
            action.apply(assignment=row, user=request.user, **form.cleaned_data)
        except PermissionDenied:
            raise Http404 from None
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{row.person.name}さんの「{title}」：{action.done}")
            return redirect(back)
    status = 422 if request.method == "POST" else 200
    return render(request, "learning/assignment_act.html", {**context, "form": form}, status=status)


def _overseen_assignment(user: Viewer, uid: uuid.UUID) -> tuple[Assignment, bool]:
    """Returns the assignment, and whether it is the user's own assignment.

    Raises Http404 if the assignment is missing, or if it belongs to another person and the user may not manage it.
    """
    row = Assignment.objects.filter(uid=uid).select_related("person", "path", "version").first()
    person: Person | None = getattr(user, "person", None)
    if row is None or person is None:
        raise Http404
    if row.person_id == person.pk:
        return row, True
    if not permissions.overseen(user).filter(pk=row.pk).exists():
        raise Http404
    return row, False


def _initial_values(name: str, row: Assignment, user: User) -> dict[str, Any]:
    return {"text": nudges.draft(assignment=row, by=user.person)} if name == "remind" else {}


# --- Steps that wait for confirmation ---------------------------------------------------------


@login_required
def waiting_page(request: HttpRequest) -> HttpResponse:
    return _render_waiting(request)


def _render_waiting(request: HttpRequest, *, failed_pk: int = 0, error: str = "", comment: str = "") -> HttpResponse:
    waiting = waiting_for(request.user).select_related("assignment__person")
    page = Paginator(waiting, WAITING_PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    steps = _steps_of(rows, request.user)
    places = matrix.places([row.assignment.person for row in rows])
    titles = PathTitles(request.user, [row.assignment.path_id for row in rows])
    context = {
        "rows": [
            {
                "progress": row,
                "person": row.assignment.person,
                "place": places.get(row.assignment.person_id, matrix.Place()),
                "path": titles.of(row.assignment.path_id),
                "step": steps[row.pk][0],
                "title": steps[row.pk][1],
                "error": error if row.pk == failed_pk else "",
                "comment": comment if row.pk == failed_pk else "",
            }
            for row in rows
            if row.pk in steps
        ],
        "page": page,
        "crumbs": [_home_crumb(request.user), {"label": "確認を待つステップ"}],
        "total": page.paginator.count,
    }
    return render(request, "learning/team_waiting.html", context, status=422 if error else 200)


def _home_crumb(user: Viewer) -> dict[str, str]:
    """Returns the first breadcrumb. If the confirmer is not a manager, the breadcrumb leads to the confirmer's own
    page.
    """
    if permissions.is_manager(user) or permissions.is_office(user):
        return {"url": reverse("team"), "label": "所属の学び"}
    return {"url": reverse("my"), "label": "わたしの学び"}


def _steps_of(rows: list[StepProgress], user: Viewer) -> dict[int, tuple[Step, str]]:
    """Maps the pk of each row to its step, and to the title of the step that this user may see."""
    candidates = Step.objects.filter(
        version__in={row.assignment.version_id for row in rows}, uid__in={row.step_uid for row in rows}
    )
    by_key = {(step.version_id, step.uid): step for step in candidates}
    step_by_row = {row.pk: by_key.get((row.assignment.version_id, row.step_uid)) for row in rows}
    steps = {pk: step for pk, step in step_by_row.items() if step is not None}
    open_items = reading_targets.readable([step for step in steps.values() if step.type == StepType.READ], user)
    return {
        pk: (step, UNNAMED if step.pk in open_items and open_items[step.pk] is None else step.title)
        for pk, step in steps.items()
    }


@login_required
@require_POST
def decide_waiting_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept one submitted step (受理), or return it to the learner (差戻し)."""
    row = waiting_for(request.user).filter(pk=pk).select_related("assignment__person").first()
    if row is None:
        return _decided_already(request, pk)
    comment = request.POST.get("comment", "")
    accept = "accept" in request.POST
    try:
        recording.decide_step(progress=row, user=user_of(request), accept=accept, comment=clean_text(comment, "ことば"))
    except PermissionDenied:
        raise Http404 from None
    except ValidationError as error:
        return _render_waiting(request, failed_pk=row.pk, error=error.messages[0], comment=comment)
    messages.success(
        request, f"{row.assignment.person.name}さんのステップを{'受理しました' if accept else '差し戻しました'}。"
    )
    return redirect("team_waiting")


def _decided_already(request: HttpRequest, pk: int) -> HttpResponse:
    """Returns the response for a step that is already decided: the button was pressed twice, or another confirmer was
    faster.

    If the user may confirm the step, the response shows a message. Otherwise raises Http404.
    """
    row = StepProgress.objects.filter(pk=pk).select_related("assignment__version").first()
    if row is None:
        raise Http404
    step = Step.objects.filter(version=row.assignment.version_id, uid=row.step_uid).first()
    if step is None or not recording.may_confirm(assignment=row.assignment, step=step, user=request.user):
        raise Http404
    messages.info(request, "このステップは、もう確認されています。")
    return redirect("team_waiting")


urlpatterns: list[URLPattern] = [
    path("team/people/<uuid:uid>/", team_person_page, name="team_person"),
    path("team/waiting/", waiting_page, name="team_waiting"),
    path("team/waiting/<int:pk>/", decide_waiting_step, name="team_decide"),
    *(
        path(f"assignments/<uuid:uid>/{name}/", assignment_action_page, {"name": name}, name=f"assignment_{name}")
        for name in MANAGER_ACTIONS
    ),
]
