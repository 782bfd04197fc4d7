"""Views that edit the groups and steps of a path.

After a move, the page opens at the row that was moved, so that the keyboard focus stays at that row.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path as url
from django.urls import reverse
from django.views.decorators.http import require_POST

from learning.access.requests import user_of
from learning.authoring import editing
from learning.authoring.forms.errors import add_errors
from learning.authoring.forms.lookup import LookupForm
from learning.authoring.forms.path import GroupForm
from learning.authoring.forms.step import StepForm
from learning.authoring.forms.step_types import FORMS
from learning.authoring.lifecycle import build_url
from learning.authoring.views.page import form_page, path_or_404
from learning.models import LearningPath, PathVersion, Step, StepGroup, StepType
from learning.paths.labels import PURPOSES


def editable_path(request: HttpRequest, public_id: str) -> tuple[LearningPath, PathVersion]:
    path = path_or_404(request, public_id, build=True)
    version = path.versions.order_by("-number").first()
    if version is None:
        raise Http404
    return path, version


def _redirect_to_editor(path: LearningPath, anchor: str = "") -> HttpResponse:
    return redirect(f"{build_url(path)}{f'#{anchor}' if anchor else ''}")


# --- Groups -----------------------------------------------------------------------------------


@login_required
def group_form(request: HttpRequest, public_id: str, pk: int | None = None) -> HttpResponse:
    """Shows the form of a new group. With `pk`, shows the form of the existing group with that pk."""
    path, version = editable_path(request, public_id)
    row = get_object_or_404(StepGroup, pk=pk, version=version) if pk is not None else None
    initial = {name: getattr(row, name) for name in editing.GROUP_FIELDS} if row else {"rule": StepGroup.Rule.ALL}
    form = GroupForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = editing.save_group(version=version, by=user_of(request), values=form.cleaned_data, group=row)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _redirect_to_editor(path, f"group-{saved.pk}")
    title = "まとまりを直す" if row else "まとまりを足す"
    lead = "ステップは、まとまりごとに上から進みます。前のまとまりがすむと、次が始められます。"
    return form_page(request, form, title=title, lead=lead, path=path)


@login_required
@require_POST
def group_act(request: HttpRequest, public_id: str, pk: int, act: str) -> HttpResponse:
    """Move or delete a group; `act` is up, down or delete."""
    path, version = editable_path(request, public_id)
    row = get_object_or_404(StepGroup, pk=pk, version=version)
    verbs: dict[str, Callable[[], None]] = {
        "up": lambda: editing.move_group(group=row, by=user_of(request), up=True),
        "down": lambda: editing.move_group(group=row, by=user_of(request), up=False),
        "delete": lambda: editing.delete_group(group=row, by=user_of(request)),
    }
    return _apply(request, path, verbs.get(act), "steps" if act == "delete" else f"group-{pk}")


def _apply(request: HttpRequest, path: LearningPath, action: Callable[[], None] | None, anchor: str) -> HttpResponse:
    if action is None:
        raise Http404
    try:
        action()
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return _redirect_to_editor(path)  # the error message is at the top of the page
    return _redirect_to_editor(path, anchor)


# --- Steps ------------------------------------------------------------------------------------


@login_required
def new_step_form(request: HttpRequest, public_id: str, pk: int, type: str) -> HttpResponse:
    """Shows the form of a new step of one type. The new step is added at the end of the group `pk`."""
    path, version = editable_path(request, public_id)
    row = get_object_or_404(StepGroup, pk=pk, version=version)
    if type not in FORMS:
        raise Http404
    form = FORMS[type](request.POST or None, user=request.user)
    return _step_form_page(
        request,
        path,
        form,
        lambda: editing.add_step(group=row, by=user_of(request), type=type, values=form.values()),
        title=f"「{StepType(type).label}」ステップを足す",
        lead=PURPOSES[type],
    )


@login_required
def step_form(request: HttpRequest, public_id: str, uid: uuid.UUID) -> HttpResponse:
    """Shows the form of an existing step. The type of the step cannot be changed."""
    path, version = editable_path(request, public_id)
    row = get_object_or_404(Step.objects.select_related("course", "post", "version"), uid=uid, version=version)
    form = FORMS[row.type](request.POST or None, user=request.user, step=row)
    return _step_form_page(
        request,
        path,
        form,
        lambda: editing.edit_step(step=row, by=user_of(request), values=form.values()),
        title=f"「{row.get_type_display()}」ステップを直す",
        lead=PURPOSES[row.type],
        delete_url=reverse("step_act", args=[public_id, uid, "delete"]),
    )


def _step_form_page(
    request: HttpRequest, path: LearningPath, form: StepForm, save: Callable[[], Step], **context: Any
) -> HttpResponse:
    looked_up = False
    if isinstance(form, LookupForm) and "look_up" in request.POST:
        looked_up = True
        form.only_looked_up()
    elif request.method == "POST" and form.is_valid():
        try:
            saved = save()
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _redirect_to_editor(path, f"step-{saved.uid}")
    return form_page(request, form, path=path, template="learning/step_form.html", looked_up=looked_up, **context)


@login_required
@require_POST
def step_act(request: HttpRequest, public_id: str, uid: uuid.UUID, act: str) -> HttpResponse:
    """Move or delete a step; `act` is up, down or delete."""
    path, version = editable_path(request, public_id)
    row = get_object_or_404(Step, uid=uid, version=version)
    verbs: dict[str, Callable[[], None]] = {
        "up": lambda: editing.move_step(step=row, by=user_of(request), up=True),
        "down": lambda: editing.move_step(step=row, by=user_of(request), up=False),
        "delete": lambda: editing.delete_step(step=row, by=user_of(request)),
    }
    return _apply(request, path, verbs.get(act), f"group-{row.group_id}" if act == "delete" else f"step-{uid}")


urlpatterns = [
    url("paths/<str:public_id>/build/groups/new/", group_form, name="group_new"),
    url("paths/<str:public_id>/build/groups/<int:pk>/", group_form, name="group_edit"),
    url("paths/<str:public_id>/build/groups/<int:pk>/<slug:act>/", group_act, name="group_act"),
    url("paths/<str:public_id>/build/groups/<int:pk>/steps/<slug:type>/", new_step_form, name="step_new"),
    url("paths/<str:public_id>/build/steps/<uuid:uid>/", step_form, name="step_edit"),
    url("paths/<str:public_id>/build/steps/<uuid:uid>/<slug:act>/", step_act, name="step_act"),
]
