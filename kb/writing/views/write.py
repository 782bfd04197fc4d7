"""Writing one draft: fill it in, publish it, meet a conflict, throw it away; and make a lesson of an answer.

Only its author opens a draft; to everyone else it does not exist. These views keep what was typed whatever the answer
is. They decide nothing about who may read: kb.lifecycle does.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.shortcuts import redirect, render
from django.utils import timezone

from kb.items.lookup import find_item
from kb.items.permissions import may_edit
from kb.models import Draft, Item, Retrospective
from kb.models.states import State
from kb.writing import conflicts, drafts, promotion
from kb.writing.choices import choice_of
from kb.writing.forms import ItemForm, form_for, screens_of
from kb.writing.views.begin import label_of
from organization import clock
from organization.audience import Audience
from organization.policy import reader_for
from organization.requests import person_of

ELSEWHERE = (
    "この下書きは、別の画面で保存されています。この画面の内容で上書きしてよければ、もう一度押してください。"
    "この画面の内容は、まだ残っています。"
)
SENT = "この下書きは、もう公開に出されています。直すときは、公開した記録の「直す」から始めてください。"
OTHER_WINDOW = "別の画面で保存されています。この画面の内容を残すには「保存」を押してください。"
LOGGED_OUT = "ログインが切れました。書いた内容はこの端末に残っています。別のタブでログインし直してください。"
NOT_KEPT = "保存できませんでした。"


@login_required
def draft(request: HttpRequest, uid: Any) -> HttpResponse:
    """The form: shown, saved, published, or put on the newest version of what it edits."""
    mine = _own_draft(request, uid)
    if mine.submitted_at is not None:
        return _to_item(mine)
    if request.method != "POST":
        return _form_page(request, mine, _form(request, mine))
    if "publish" in request.POST:
        return _publish(request, mine)
    return _save(request, mine)


def _save(request: HttpRequest, mine: Draft) -> HttpResponse:
    """Keep what was typed, complete or not; 「閉じる」 leads to the list of drafts."""
    form = _form(request, mine, request.POST)
    try:
        typed = form.typed()
    except ValidationError as error:
        form.refuse(error)
        return _form_page(request, mine, form)
    if not drafts.save_typed(draft=mine, typed=typed, version=_version(request, mine, typed)):
        form.refuse(ValidationError(ELSEWHERE))
        return _form_page(request, _fresh(mine), form)
    messages.success(request, "下書きに残しました。続きはいつでも書けます。")
    return redirect("my") if request.POST.get("save") == "close" else redirect(mine)


def _publish(request: HttpRequest, mine: Draft) -> HttpResponse:
    """Submit the draft. All in one transaction with the draft's row locked, so that two presses make one item."""
    person = mine.author
    with transaction.atomic():
        locked = Draft.objects.select_for_update().get(pk=mine.pk)
        if locked.submitted_at is not None:
            return _to_item(locked)
        locked.author = person
        form = _form(request, locked, request.POST)
        try:
            typed = form.typed()
        except ValidationError as error:
            form.refuse(error)
            return _form_page(request, locked, form)
        if not drafts.save_typed(draft=locked, typed=typed, version=_version(request, locked, typed)):
            form.refuse(ValidationError(ELSEWHERE))
            return _form_page(request, locked, form)
        if not form.is_valid():
            return _form_page(request, locked, form)
        try:
            item = drafts.store(draft=locked, values=form.cleaned_data, by=person)
        except drafts.EditConflict:
            return _conflict_page(request, locked)
        except PermissionDenied as error:
            form.add_error(None, str(error))
            return _form_page(request, locked, form)
        except ValidationError as error:
            form.add_error(None, error.messages)
            return _form_page(request, locked, form)
    messages.success(request, _who_reads(item, edited=mine.item_id is not None))
    return redirect(item.get_absolute_url())


@login_required
def rebase(request: HttpRequest, uid: Any) -> HttpResponse:
    """「今の版を下じきに」: only where the version that was shown is still the newest; as a link, the comparison."""
    mine = _own_draft(request, uid)
    if mine.item is None or mine.submitted_at is not None:
        raise Http404
    if not conflicts.is_behind(mine):
        return redirect(mine)
    if request.method != "POST" or request.POST.get("newest") != str(mine.item.latest_revision_id):
        return _conflict_page(request, mine)
    conflicts.rebase(draft=mine)
    messages.success(
        request, "今の版を下じきにしました。あなたが書いた所はそのままです。読み直してから公開してください。"
    )
    return redirect(mine)


def autosave(request: HttpRequest, uid: Any) -> JsonResponse:
    """What capture.js sends every few seconds; answers in JSON whatever happens, never with a page to log in."""
    if not request.user.is_authenticated:
        return _sentence(LOGGED_OUT, 401)
    if request.method != "POST":
        return _sentence("保存するときだけ使うアドレスです。書く画面に戻ってください。", 405)
    mine = _own_draft(request, uid)
    if mine.submitted_at is not None:
        return _sentence(SENT, 409)
    try:
        typed = _form(request, mine, request.POST).typed()
    except ValidationError as error:
        return _sentence(f"{NOT_KEPT}{error.messages[0]}", 422)
    if not drafts.save_typed(draft=mine, typed=typed, version=_version(request, mine, typed)):
        is_open = Draft.objects.filter(pk=mine.pk, submitted_at__isnull=True).exists()
        return _sentence(OTHER_WINDOW if is_open else SENT, 409)
    return JsonResponse({"saved_at": clock.now().strftime("%H:%M"), "version": mine.version})


@login_required
def discard(request: HttpRequest, uid: Any) -> HttpResponse:
    """Throw an open draft away, after asking; what is published stays as it is."""
    mine = _own_draft(request, uid)
    if mine.submitted_at is not None:
        raise Http404
    if request.method == "POST":
        Draft.objects.filter(pk=mine.pk, submitted_at__isnull=True).delete()
        messages.success(request, "下書きを消しました。")
        return redirect("my")
    return render(request, "kb/write/discard.html", {"draft": mine, "label": label_of(mine)})


@login_required
def promote(request: HttpRequest, public_id: str, answer_uid: Any) -> HttpResponse:
    """「教訓にする」: the draft of a lesson from one answer."""
    item, person = find_item(request.user, public_id), person_of(request)
    if request.method != "POST":
        return redirect(item.get_absolute_url())  # where logging in again has turned the press into a link
    allowed = item.state == State.PUBLISHED and may_edit(item=item, user=request.user)
    if person is None or not isinstance(item, Retrospective) or not allowed:
        raise Http404
    try:
        return redirect(promotion.promote(retrospective=item, answer_uid=str(answer_uid), by=person))
    except LookupError:
        raise Http404 from None


# --- Parts -----------------------------------------------------------------------------------------


def _own_draft(request: HttpRequest, uid: Any) -> Draft:
    person = person_of(request)
    found = Draft.objects.select_related("item").filter(uid=uid, author=person).first() if person else None
    if found is None or person is None or choice_of(found.format or found.kind) is None:
        raise Http404
    found.author = person
    if not isinstance(found.data, dict):
        found.data = {}
    return found


def _fresh(mine: Draft) -> Draft:
    mine.refresh_from_db(fields=["version", "updated_at"])
    return mine


def _form(request: HttpRequest, mine: Draft, data: Any = None) -> ItemForm:
    unreadable = data is not None and not _is_text(request)
    return form_for(mine, data=data, reader=reader_for(request.user), unreadable=unreadable)


def _is_text(request: HttpRequest) -> bool:
    """Whether the request's bytes are UTF-8: Django would put a replacement mark for what is not, without a word."""
    try:
        unquote_to_bytes(request.body).decode("utf-8")
    except UnicodeDecodeError:
        return False
    except RawPostDataException:  # a multipart body has been read by now; our own forms send none
        return True
    return True


def _version(request: HttpRequest, mine: Draft, typed: dict[str, Any]) -> int:
    """The version that the window began from. A window that holds the very same text cannot overwrite anything."""
    if typed == {name: value for name, value in mine.data.items() if not name.startswith("source_")}:
        return mine.version
    sent = request.POST.get("version", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else -1


def _form_page(request: HttpRequest, mine: Draft, form: ItemForm) -> HttpResponse:
    wrong = form.is_bound and bool(form.errors)
    screens = screens_of(form, start_over=mine.version == 0 or mine.item_id is not None)
    opening = next(screen for screen in screens if screen.opens)
    if not wrong and mine.version == 0 and mine.item_id is None and opening.prompt is not None:
        # The opener stands before the field, so it is read out with it.
        attrs = opening.prompt.field.field.widget.attrs
        attrs |= {"autofocus": True, "aria-describedby": f"opener {opening.anchor}_helptext"}
    context = {
        "draft": mine,
        "form": form,
        "screens": screens,
        "label": label_of(mine),
        "behind": conflicts.is_behind(mine),
        "saved_at": timezone.localtime(mine.updated_at).strftime("%H:%M") if mine.version else "",
    }
    return render(request, "kb/write/draft.html", context, status=422 if wrong else 200)


def _conflict_page(request: HttpRequest, mine: Draft) -> HttpResponse:
    context = {"draft": mine, "item": mine.item, "contested": conflicts.contested(mine), "label": label_of(mine)}
    refused = request.method == "POST"
    return render(request, "kb/write/conflict.html", context, status=409 if refused else 200)


def _to_item(mine: Draft) -> HttpResponse:
    return redirect(mine.item.get_absolute_url() if mine.item is not None else "my")


def _who_reads(item: Item, *, edited: bool) -> str:
    """Where the text stands now, in a sentence."""
    unit = item.unit_name_at_time
    if item.state == State.SUBMITTED:
        wide = item.get_audience_display()
        return (
            f"確認に出しました。{unit}の確認が済むと「{wide}」に公開されます。"
            "それまで読めるのは、あなたと確認する人だけです。"
        )
    if edited:
        return "更新しました。前の版は「変更の履歴」から見られます。"
    if item.audience == Audience.SELF:
        return "公開しました。今は、あなただけが読めます。"
    return f"公開しました。{unit}の人が、今すぐ読めます。"


def _sentence(message: str, status: int) -> JsonResponse:
    return JsonResponse({"message": message}, status=status)
