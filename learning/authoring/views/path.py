"""The path editor: its page, and the forms and buttons for text, goal, audience and stage.

Groups and steps are in ``steps``, versions and copies in ``versions``. The functions of ``learning.authoring`` check
permission; a user without permission gets 404.
"""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path as url
from django.urls import reverse
from django.views.decorators.http import require_POST

from learning.access import path_permissions
from learning.access.requests import user_of
from learning.authoring import editing, lifecycle, versions
from learning.authoring.forms.errors import add_errors
from learning.authoring.forms.path import AudienceForm, CommentForm, NewPathForm, SettingsForm, TextForm
from learning.authoring.views import steps
from learning.authoring.views import versions as version_views
from learning.authoring.views.page import breadcrumb, form_page, path_or_404
from learning.learner.views.path import copy_family
from learning.models import LearningPath, PathVersion, Stage, StepType
from learning.paths.display import group_rows
from learning.paths.labels import PURPOSES, minutes_words, validity_words
from learning.paths.problems import closed_readings, current_items_of, problems
from learning.paths.reading_targets import readable
from learning.paths.structure import outline_to_show


@login_required
def new_path(request: HttpRequest) -> HttpResponse:
    """Create a path with title, unit and audience, then go to its editor."""
    if not path_permissions.may_begin(request.user):
        raise Http404
    form = NewPathForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        created = editing.create(
            by=user_of(request),
            unit_id=values["unit"],
            audience=values["audience"],
            values={name: values[name] for name in ("title", "summary")},
        )
        messages.success(request, "学習パスを作りはじめました。次に、ねらいと期限を決め、ステップを足します。")
        return redirect("path_build", public_id=created.public_id)
    lead = "題、所管所属、公開範囲を決めます。どれも、公開するまでは、ほかの人には見えません。"
    return form_page(request, form, title="学習パスを作る", lead=lead, button="作りはじめる", back=reverse("paths"))


@login_required
def build_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Shows the page of the editor: the newest version, the problems of the path, and the actions that are possible
    now.
    """
    path = path_or_404(request, public_id)
    version = path.versions.order_by("-number").first()
    assert version is not None
    shape = outline_to_show(version)
    current = current_items_of(shape.steps)
    readable_items = readable(shape.steps, request.user, current)
    may_build = path_permissions.may_build(path=path, user=request.user)
    return render(
        request,
        "learning/build.html",
        {
            "path": path,
            "version": version,
            "edition": f"第{version.number}版" + ("" if version.released_at else "（公開前）"),
            "released": version.released_at is not None,
            "editable": may_build and version.frozen_at is None and path.stage in (Stage.DRAFT, Stage.ACTIVE),
            "may_build": may_build,
            "may_accept": path_permissions.may_accept(path=path, user=request.user),
            "may_release": versions.may_release(path=path, by=user_of(request)),
            "groups": group_rows(shape, readable_items),
            "minutes": minutes_words(shape.minutes),
            "validity": validity_words(version),
            "problems": problems(version, shape, current),
            "shut": closed_readings(path, shape.steps, readable_items, current),
            "comment": _return_comment(path),
            "types": [(type.value, type.label, PURPOSES[type]) for type in StepType],
            "requested_label": dict(path._meta.get_field("audience").choices).get(path.requested_audience, ""),
            "trail": [*breadcrumb(path)[:1], {"url": "", "label": path.title}],
            **copy_family(request.user, path),
        },
    )


def _return_comment(path: LearningPath) -> str:
    """Returns the comment of the last 差戻し if the path is in 作成中 again. Otherwise returns an empty text."""
    return path_permissions.last_comment(path) if path.stage == Stage.DRAFT else ""


def _save_if_valid(request: HttpRequest, form: forms.Form, save: Callable[[], object], message: str) -> bool:
    """Save a valid form and add the success message. Returns False if the form has to be shown, with any errors."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        save()
    except ValidationError as error:
        add_errors(form, error)
        return False
    messages.success(request, message)
    return True


@login_required
def edit_text(request: HttpRequest, public_id: str) -> HttpResponse:
    path = path_or_404(request, public_id, build=True)
    form = TextForm(request.POST or None, initial={name: getattr(path, name) for name in editing.TEXT_FIELDS})
    saved = _save_if_valid(
        request,
        form,
        lambda: editing.edit_text(path=path, by=user_of(request), values=form.cleaned_data),
        "題と説明を直しました。",
    )
    if saved:
        return redirect("path_build", public_id=public_id)
    lead = (
        "公開中の学習パスでは、直すとすぐに読む人に見えます。前の文は「変更の履歴」に残ります。"
        if path.live
        else "公開するまでは、ほかの人には見えません。"
    )
    return form_page(request, form, title="題と説明を直す", lead=lead, path=path)


@login_required
def edit_settings(request: HttpRequest, public_id: str) -> HttpResponse:
    path = path_or_404(request, public_id, build=True)
    version = newest_version(path)
    form = SettingsForm(request.POST or None, initial={name: getattr(version, name) for name in editing.SETTING_FIELDS})
    saved = _save_if_valid(
        request,
        form,
        lambda: editing.edit_settings(version=version, by=user_of(request), values=form.cleaned_data),
        "ねらいと期限を決めました。",
    )
    if saved:
        return redirect(f"{lifecycle.build_url(path)}#settings")
    return form_page(
        request,
        form,
        title="ねらいと期限",
        lead="終えた人が何をできるようになるかと、いつまでに終えるかを決めます。",
        path=path,
    )


@login_required
def edit_audience(request: HttpRequest, public_id: str) -> HttpResponse:
    path = path_or_404(request, public_id, build=True)
    form = AudienceForm(request.POST or None, user=request.user, initial={"audience": path.audience})
    if request.method == "POST" and form.is_valid():
        try:
            changed = lifecycle.change_audience(path=path, by=user_of(request), audience=form.cleaned_data["audience"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            waiting = "研修担当に確認を頼みました。同意されるまでは、今の範囲のままです。"
            messages.success(request, waiting if changed.requested_audience else "公開範囲を変えました。")
            return redirect("path_build", public_id=public_id)
    lead = f"今は「{path.get_audience_display()}」です。せまくするとすぐに変わります。公開中のものを広げるときは、研修担当の同意のあとに変わります。"
    return form_page(request, form, title="公開範囲を変える", lead=lead, path=path)


@login_required
def withdraw_path(request: HttpRequest, public_id: str) -> HttpResponse:
    path = path_or_404(request, public_id, build=True)
    form = CommentForm(request.POST or None)
    form.fields["comment"].label = "わけ"
    form.fields["comment"].help_text = "管理番号とともに残り、読みに来た人に見せます。200文字まで。"
    saved = _save_if_valid(
        request,
        form,
        lambda: lifecycle.withdraw(path=path, by=user_of(request), reason=form.cleaned_data["comment"]),
        "取り下げました。",
    )
    if saved:
        return redirect("paths")
    lead = "中身は読めなくなり、管理番号とわけだけが残ります。元に戻せません。"
    return form_page(request, form, title="取り下げる", lead=lead, path=path, button="取り下げる", danger=True)


def newest_version(path: LearningPath) -> PathVersion:
    """Returns the newest version. The version may be frozen; then the functions of `editing` refuse changes and tell
    the user what to do.
    """
    newest = path.versions.order_by("-number").first()
    assert newest is not None
    return newest


# --- Stages -----------------------------------------------------------------------------------


@login_required
@require_POST
def path_act(request: HttpRequest, public_id: str, act: str) -> HttpResponse:
    """Handles the button that the user pressed on the page of the editor. `act` is a key of ACTIONS."""
    path = path_or_404(request, public_id)
    message, action = ACTIONS.get(act, ("", None))
    if action is None:
        raise Http404
    try:
        action(path, request)
    except PermissionDenied:
        raise Http404 from None
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
    else:
        messages.success(request, message or _sent_message(path))
    return redirect("path_build", public_id=public_id)


def _give_back_path(path: LearningPath, request: HttpRequest) -> None:
    form = CommentForm(request.POST)
    if not form.is_valid():
        raise ValidationError([error for errors in form.errors.as_data().values() for error in errors])
    lifecycle.give_back(path=path, by=user_of(request), comment=form.cleaned_data["comment"])


def _send_path(path: LearningPath, request: HttpRequest) -> None:
    lifecycle.send(path=path, by=user_of(request))


def _sent_message(path: LearningPath) -> str:
    """Returns the message after sending. A path for the own unit is active at once; a wider path waits for consent."""
    path.refresh_from_db(fields=["stage"])
    if path.stage == Stage.ACTIVE:
        return "公開しました。下の「次にすること」から割り当てられます。"
    return "確認に出しました。同意されると公開されます。"


#: Maps each key to the message after success and the action. If the message is empty, `_sent_message` is used.
ACTIONS: dict[str, tuple[str, Callable[[LearningPath, HttpRequest], object]]] = {
    "send": ("", _send_path),
    "recall": ("作成中に戻しました。", lambda path, request: lifecycle.recall(path=path, by=user_of(request))),
    "accept": (
        "同意しました。公開されました。",
        lambda path, request: lifecycle.accept(path=path, by=user_of(request)),
    ),
    "return": ("ことばを添えて差し戻しました。", _give_back_path),
    "retire": (
        "終了しました。学んでいる人は、最後まで続けられます。",
        lambda path, request: lifecycle.retire(path=path, by=user_of(request)),
    ),
    "next": (
        "次の版を作りました。公開するまでは、今の版が割り当てられます。",
        lambda path, request: versions.next_version(path=path, by=user_of(request)),
    ),
    "release": (
        "この版を公開しました。これからの割当は、この版になります。前の版で学んでいる人は、「版と学んでいる人」で移せます。",
        lambda path, request: versions.release(version=newest_version(path), by=user_of(request)),
    ),
    "ask-release": (
        "研修担当に、この版の公開を頼みました。",
        lambda path, request: versions.ask_release(version=newest_version(path), by=user_of(request)),
    ),
}

urlpatterns = [
    url("paths/new/", new_path, name="path_new"),
    url("paths/<str:public_id>/build/", build_page, name="path_build"),
    url("paths/<str:public_id>/build/text/", edit_text, name="path_text"),
    url("paths/<str:public_id>/build/settings/", edit_settings, name="path_settings"),
    url("paths/<str:public_id>/build/audience/", edit_audience, name="path_audience"),
    url("paths/<str:public_id>/build/withdraw/", withdraw_path, name="path_withdraw"),
    url("paths/<str:public_id>/build/act/<slug:act>/", path_act, name="path_act"),
    *steps.urlpatterns,
    *version_views.urlpatterns,
]
