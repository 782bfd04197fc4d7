"""The actions on an item's page: mark as useful, edit, withdraw, change the audience, add an addendum.

Each action checks the permission and answers 404 without it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from kb.items.lookup import find_item
from kb.items.permissions import may_edit
from kb.lifecycle import publication
from kb.models import Addendum, Reaction, Retrospective
from kb.models.items.states import State
from kb.text_cleaning import clean_text
from kb.writing import drafts
from kb.writing.forms.common import WRITABLE_AUDIENCES
from organization.requests import person_of, user_of


@login_required
@require_POST
def toggle_useful(request: HttpRequest, public_id: str) -> HttpResponse:
    """「役に立った」: pressing the button sets the mark, and pressing it again removes the mark."""
    item = find_item(request.user, public_id)
    person = person_of(request)
    if person is None or item.state == State.WITHDRAWN:
        raise Http404
    reaction, created = Reaction.objects.get_or_create(item_id=item.pk, person=person)
    if not created:
        reaction.delete()
    return redirect(item.get_absolute_url())


@login_required
@require_POST
def edit_item(request: HttpRequest, public_id: str) -> HttpResponse:
    """「直す」: opens a draft of the newest version."""
    item = find_item(request.user, public_id)
    person = person_of(request)
    if person is None or not item.FORM or not may_edit(item=item, user=request.user):
        raise Http404
    return redirect(drafts.open_for_edit(item=item, by=person))


@login_required
def withdraw_item(request: HttpRequest, public_id: str) -> HttpResponse:
    """Asks for the reason, then withdraws the item. A tombstone with the reason remains at the permalink."""
    item = find_item(request.user, public_id)
    if item.HAS_OWN_REVIEW or not may_edit(item=item, user=request.user) or item.state == State.WITHDRAWN:
        raise Http404
    context: dict[str, Any] = {"item": item, "reason": "", "error": ""}
    if request.method == "POST":
        context["reason"] = request.POST.get("reason", "")
        try:
            publication.withdraw(item=item, user=user_of(request), reason=clean_text(context["reason"]))
        except ValidationError as error:
            context["error"] = error.messages[0]
            return render(request, "kb/withdraw.html", context, status=422)
        messages.success(request, "取り下げました。読みに来た人には、わけだけが見えます。")
        return redirect(item.get_absolute_url())
    return render(request, "kb/withdraw.html", context)


@login_required
def change_audience(request: HttpRequest, public_id: str) -> HttpResponse:
    """Changes the audience. A narrower audience applies at once, a wider audience applies after review (I3)."""
    item = find_item(request.user, public_id)
    if item.HAS_OWN_REVIEW or not may_edit(item=item, user=request.user) or item.state != State.PUBLISHED:
        raise Http404
    context: dict[str, Any] = {"item": item, "choices": WRITABLE_AUDIENCES, "error": ""}
    if request.method == "POST":
        try:
            publication.change_audience(item=item, user=user_of(request), audience=request.POST.get("audience", ""))
        except (ValidationError, PermissionDenied) as error:
            context["error"] = error.messages[0] if isinstance(error, ValidationError) else str(error)
            return render(request, "kb/audience.html", context, status=422)
        in_review = "所属の確認に出しました。受理されるまでは、今の範囲のままです。"
        messages.success(request, in_review if item.requested_audience else "公開範囲を変えました。")
        return redirect(item.get_absolute_url())
    return render(request, "kb/audience.html", context)


@login_required
@require_POST
def add_addendum(request: HttpRequest, public_id: str) -> HttpResponse:
    """後日談: adds an addendum. People who may edit the item can add one, but nobody can change it."""
    item = find_item(request.user, public_id)
    if not isinstance(item, Retrospective) or not may_edit(item=item, user=request.user):
        raise Http404
    try:
        text = clean_text(request.POST.get("text", ""))
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(item.get_absolute_url())
    if not text.strip():
        messages.error(request, "後日談が空です。その後どうなったかを書いてください。")
    elif len(text) > 600:
        messages.error(
            request, f"後日談は600文字までです。今は{len(text)}文字です。{len(text) - 600}文字けずってください。"
        )
    else:
        Addendum.objects.create(retrospective=item, text=text)
        messages.success(request, "後日談を足しました。")
    return redirect(item.get_absolute_url())
