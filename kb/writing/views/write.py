"""The pages of one draft: write, publish, rebase after a conflict, and discard. Also 「教訓にする」, which begins a lesson
from an answer.

Only the author can open a draft; everybody else gets 404. The views keep the typed text, whatever the result is.
kb.lifecycle decides who may read the item.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.request import RawPostDataException
from django.shortcuts import redirect, render
from django.utils import timezone

from kb.items.lookup import find_item
from kb.items.permissions import may_edit
from kb.models import Draft, Item, Retrospective
from kb.models.items.states import State
from kb.writing import conflicts, drafts, promotion
from kb.writing.choices import find_choice
from kb.writing.forms import ItemForm, form_for, screens_of
from kb.writing.views.begin import draft_label
from organization import clock
from organization.access_policy import reader_for
from organization.audience import Audience
from organization.requests import person_of

SAVED_ELSEWHERE = (
    "この下書きは、別の画面で保存されています。この画面の内容で上書きしてよければ、もう一度押してください。"
    "この画面の内容は、まだ残っています。"
)
SUBMITTED = "この下書きは、もう公開に出されています。直すときは、公開した記録の「直す」から始めてください。"
OTHER_WINDOW = "別の画面で保存されています。この画面の内容を残すには「保存」を押してください。"
LOGGED_OUT = "ログインが切れました。書いた内容はこの端末に残っています。別のタブでログインし直してください。"
NOT_SAVED = "保存できませんでした。"


@login_required
def write_draft(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Shows the form. POST saves it as a draft or publishes it."""
    mine = _own_draft(request, uid)
    if mine.submitted_at is not None:
        return _to_item(mine)
    if request.method != "POST":
        return _form_page(request, mine, _form(request, mine))
    if "publish" in request.POST:
        return _publish(request, mine)
    return _save(request, mine)


def _save(request: HttpRequest, mine: Draft) -> HttpResponse:
    """Saves the typed data, complete or not. After 「閉じる」 the list of drafts is shown."""
    form = _form(request, mine, request.POST)
    try:
        typed = form.typed()
    except ValidationError as error:
        form.refuse(error)
        return _form_page(request, mine, form)
    if not conflicts.save_typed(draft=mine, typed=typed, version=_version(request, mine, typed)):
        form.refuse(ValidationError(SAVED_ELSEWHERE, code="saved_elsewhere"))
        return _form_page(request, _reloaded(mine), form)
    messages.success(request, "下書きに残しました。続きはいつでも書けます。")
    return redirect("my") if request.POST.get("save") == "close" else redirect(mine)


def _publish(request: HttpRequest, mine: Draft) -> HttpResponse:
    """Submits the draft. The row is locked for the whole transaction, so that pressing the button twice creates only
    one item.
    """
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
        if not conflicts.save_typed(draft=locked, typed=typed, version=_version(request, locked, typed)):
            form.refuse(ValidationError(SAVED_ELSEWHERE, code="saved_elsewhere"))
            return _form_page(request, locked, form)
        if not form.is_valid():
            return _form_page(request, locked, form)
        try:
            item = drafts.submit(draft=locked, values=form.cleaned_data, by=person)
        except conflicts.EditConflict:
            return _conflict_page(request, locked)
        except PermissionDenied as error:
            form.add_error(None, ValidationError(str(error), code="not_permitted"))
            return _form_page(request, locked, form)
        except ValidationError as error:
            form.add_general_errors(error)
            return _form_page(request, locked, form)
    messages.success(request, _success_message(item, edited=mine.item_id is not None))
    return redirect(item.get_absolute_url())


@login_required
def rebase_draft(request: HttpRequest, uid: UUID) -> HttpResponse:
    """「今の版を下じきに」: POST rebases the draft if the version that the writer compared is still the newest.

    GET shows the comparison. A POST that compared an older version shows it again. A writer who may no longer edit the
    item is sent to the draft, which shows nothing of the item: the item may have been closed to this writer.
    """
    mine = _own_draft(request, uid)
    if mine.item is None or mine.submitted_at is not None:
        raise Http404
    if not _may_edit_item(mine) or not conflicts.is_behind(mine):
        return redirect(mine)
    if request.method != "POST" or request.POST.get("newest") != str(mine.item.latest_revision_id):
        return _conflict_page(request, mine)
    conflicts.rebase(draft=mine)
    messages.success(
        request, "今の版を下じきにしました。あなたが書いた所はそのままです。読み直してから公開してください。"
    )
    return redirect(mine)


def autosave_draft(request: HttpRequest, uid: UUID) -> JsonResponse:
    """Saves the data that capture.js sends every few seconds. The answer is always JSON and never the login page."""
    if not request.user.is_authenticated:
        return _message(LOGGED_OUT, 401)
    if request.method != "POST":
        return _message("保存するときだけ使うアドレスです。書く画面に戻ってください。", 405)
    mine = _own_draft(request, uid)
    if mine.submitted_at is not None:
        return _message(SUBMITTED, 409)
    try:
        typed = _form(request, mine, request.POST).typed()
    except ValidationError as error:
        return _message(f"{NOT_SAVED}{error.messages[0]}", 422)
    if not conflicts.save_typed(draft=mine, typed=typed, version=_version(request, mine, typed)):
        is_open = Draft.objects.filter(pk=mine.pk, submitted_at__isnull=True).exists()
        return _message(OTHER_WINDOW if is_open else SUBMITTED, 409)
    return JsonResponse({"saved_at": clock.now().strftime("%H:%M"), "version": mine.version})


@login_required
def discard_draft(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Asks first, then deletes an open draft. A published item stays as it is."""
    mine = _own_draft(request, uid)
    if mine.submitted_at is not None:
        raise Http404
    if request.method == "POST":
        Draft.objects.filter(pk=mine.pk, submitted_at__isnull=True).delete()
        messages.success(request, "下書きを消しました。")
        return redirect("my")
    return render(request, "kb/write/discard.html", {"draft": mine, "label": draft_label(mine)})


@login_required
def promote_answer(request: HttpRequest, public_id: str, answer_uid: UUID) -> HttpResponse:
    """「教訓にする」: creates the draft of a lesson from one answer of a retrospective."""
    item, person = find_item(request.user, public_id), person_of(request)
    if request.method != "POST":
        return redirect(item.get_absolute_url())  # The person had to log in again, and this turned the POST into a GET.
    allowed = item.state == State.PUBLISHED and may_edit(item=item, user=request.user)
    if person is None or not isinstance(item, Retrospective) or not allowed:
        raise Http404
    try:
        return redirect(promotion.promote(retrospective=item, answer_uid=str(answer_uid), by=person))
    except LookupError:
        raise Http404 from None


# --- Helpers ---------------------------------------------------------------------------------------


def _own_draft(request: HttpRequest, uid: UUID) -> Draft:
    """Returns the draft. Raises Http404 unless the request comes from its author and its type and format
    still exist.
    """
    person = person_of(request)
    draft = Draft.objects.select_related("item").filter(uid=uid, author=person).first() if person else None
    if draft is None or person is None or find_choice(draft.format or draft.kind) is None:
        raise Http404
    draft.author = person
    if not isinstance(draft.data, dict):
        draft.data = {}
    return draft


def _reloaded(mine: Draft) -> Draft:
    mine.refresh_from_db(fields=["version", "updated_at"])
    return mine


def _form(request: HttpRequest, mine: Draft, data: QueryDict | None = None) -> ItemForm:
    unreadable = data is not None and not _is_utf8(request)
    return form_for(mine, data=data, reader=reader_for(request.user), unreadable=unreadable)


def _is_utf8(request: HttpRequest) -> bool:
    """Whether the body of the request is valid UTF-8. Django would replace invalid bytes without an error."""
    try:
        unquote_to_bytes(request.body).decode("utf-8")
    except UnicodeDecodeError:
        return False
    except RawPostDataException:  # The body was multipart and has already been read. Our forms do not send multipart.
        return True
    return True


def _version(request: HttpRequest, mine: Draft, typed: dict[str, Any]) -> int:
    """Returns the version from which the window started. If the window contains the stored text, saving overwrites
    nothing, so the current version is returned.
    """
    if typed == {name: value for name, value in mine.data.items() if not name.startswith("source_")}:
        return mine.version
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else -1


def _form_page(request: HttpRequest, mine: Draft, form: ItemForm) -> HttpResponse:
    has_errors = form.is_bound and bool(form.errors)
    may_edit_item = _may_edit_item(mine)
    screens = screens_of(form, start_over=mine.version == 0 or mine.item_id is not None)
    opening = next(screen for screen in screens if screen.opens)
    if not has_errors and mine.version == 0 and mine.item_id is None and opening.prompt is not None:
        # The opening sentence is placed before the field, so that a screen reader reads it together with the field.
        attrs = opening.prompt.field.field.widget.attrs
        attrs |= {"autofocus": True, "aria-describedby": f"opener {opening.anchor}_helptext"}
    context = {
        "draft": mine,
        "form": form,
        "screens": screens,
        "label": draft_label(mine),
        "closed": not may_edit_item,
        "behind": may_edit_item and conflicts.is_behind(mine),
        "saved_at": timezone.localtime(mine.updated_at).strftime("%H:%M") if mine.version else "",
    }
    return render(request, "kb/write/draft.html", context, status=422 if has_errors else 200)


def _may_edit_item(mine: Draft) -> bool:
    """Whether the writer may edit the item of the draft now. True for a draft of a new item."""
    return mine.item is None or may_edit(item=mine.item.specific, user=mine.author.user)


def _conflict_page(request: HttpRequest, mine: Draft) -> HttpResponse:
    context = {
        "draft": mine,
        "item": mine.item,
        "conflicting_fields": conflicts.conflicting_fields(mine),
        "label": draft_label(mine),
    }
    status = 409 if request.method == "POST" else 200
    return render(request, "kb/write/conflict.html", context, status=status)


def _to_item(mine: Draft) -> HttpResponse:
    return redirect(mine.item.get_absolute_url() if mine.item is not None else "my")


def _success_message(item: Item, *, edited: bool) -> str:
    """Returns a sentence for the writer that names who can read the item now."""
    unit = item.unit_name_at_time
    if item.state == State.SUBMITTED:
        audience = item.get_audience_display()
        return (
            f"確認に出しました。{unit}の確認が済むと「{audience}」に公開されます。"
            "それまで読めるのは、あなたと確認する人だけです。"
        )
    if edited:
        return "更新しました。前の版は「変更の履歴」から見られます。"
    if item.audience == Audience.SELF:
        return "公開しました。今は、あなただけが読めます。"
    return f"公開しました。{unit}の人が、今すぐ読めます。"


def _message(message: str, status: int) -> JsonResponse:
    return JsonResponse({"message": message}, status=status)
