"""Writing: choose a format, fill in a draft that keeps itself, publish; and promote an answer to a lesson.

Every draft belongs to one person; to anybody else it does not exist. The views keep what was typed
whatever else is wrong with it.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from kb import drafting, lifecycle
from kb.format_files import Format, formats, get_format
from kb.forms import ItemForm, form_for
from kb.models import Authorship, Draft, Item, Retrospective
from kb.models.item import State
from kb.revisions import changes, texts_of, typed_texts
from kb.views.item import find
from organization.models import Person
from organization.policy import reader_for

OTHERS = {
    Draft.Kind.LESSON: ("教訓", "一つの気づきを、ほかの人が使える形で残します。", 5),
    Draft.Kind.CHALLENGE: ("挑戦", "小さく試すことを、仮説と撤退基準といっしょに宣言します。", 10),
}
QUESTIONS = (
    ("what", "何がありましたか", (("trouble", "障害や誤りがあった"), ("training", "研修から戻った"), ("work", "仕事が一区切りついた"), ("first", "はじめての仕事をした"))),
    ("who", "だれと書きますか", (("alone", "ひとりで"), ("team", "関わった人といっしょに"))),
    ("time", "どのくらい時間がありますか", (("short", "10分くらい"), ("long", "30分以上"))),
)  # fmt: skip


def author_of(request: HttpRequest) -> Person:
    """The person who writes; 404 for an account without one, which has nothing to write with."""
    person = getattr(request.user, "person", None)
    if person is None:
        raise Http404
    return person


def own_draft(request: HttpRequest, uid: uuid.UUID) -> Draft:
    found = Draft.objects.filter(uid=uid, author=author_of(request)).select_related("item").first()
    if found is None:
        raise Http404
    return found


@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """Go on with a draft, answer three questions, or take a format directly."""
    person = getattr(request.user, "person", None)
    context = {
        "drafts": Draft.objects.open_of(person)[:3] if person else [],
        "formats": [f for f in formats().values() if f.subject != "challenge"],
        "others": [{"key": kind.value, "label": w[0], "description": w[1], "minutes": w[2]} for kind, w in OTHERS.items()],
        "questions": QUESTIONS,
        "person": person,
    }
    return render(request, "kb/write/choose.html", context)


@login_required
def questions(request: HttpRequest) -> HttpResponse:
    """The format that fits three answers, with the reason."""
    answers = {name: request.GET.get(name, "") for name, _, _ in QUESTIONS}
    context = {"questions": QUESTIONS, "answers": answers, "proposed": propose(answers) if any(answers.values()) else None}
    return render(request, "kb/write/questions.html", context)


def propose(answers: dict[str, str]) -> Format:
    """What happened decides first; then company and time. Every combination has an answer."""
    wanted = [answers.get("what", "")]
    if wanted[0] not in ("trouble", "training"):
        if answers.get("who") == "team" or answers.get("time") == "long":
            wanted = ["team", *wanted]
        wanted.append("short")
    found = [f for f in formats().values() if f.subject != "challenge"]
    return min(found, key=lambda f: next((n for n, w in enumerate(wanted) if w in f.situations), len(wanted)))


@login_required
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """POST makes the draft; GET asks first, so that a link can lead here."""
    chosen = get_format(kind)
    if kind not in OTHERS and (chosen is None or chosen.subject == "challenge"):
        raise Http404
    person = author_of(request)
    if request.method != "POST":
        label = OTHERS[Draft.Kind(kind)][0] if kind in OTHERS else chosen.label if chosen else ""
        return render(request, "kb/write/new.html", {"kind": kind, "label": label, "format": chosen})
    data = {"audience": "unit", "themes": _last_themes(person)}
    if kind in OTHERS:
        made = drafting.start(author=person, kind=kind, data=data)
    else:
        made = drafting.start(author=person, kind=Draft.Kind.RETROSPECTIVE, format=kind, data=data)
    return redirect(made)


def _last_themes(person: Person) -> list[str]:
    """theme = last used (domain.md, Defaults)."""
    last = Authorship.objects.filter(person=person).order_by("-pk").values_list("item_id", flat=True).first()
    return list(Item.objects.get(pk=last).themes.values_list("code", flat=True)) if last else []


@login_required
def draft(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """The form of a draft; POST `save` keeps it, `publish` submits it."""
    found = own_draft(request, uid)
    if found.submitted_at is not None:
        if found.item is None:
            raise Http404
        return redirect(found.item.get_absolute_url())
    reader = reader_for(request.user)
    if request.method != "POST":
        return _show(request, found, form_for(found, reader=reader))
    form = form_for(found, data=request.POST, reader=reader)
    if not _keep(request, found, form):
        return _show(request, found, form, status=422)
    if "save" in request.POST:
        messages.success(request, "下書きに残しました。続きは「わたしの学び」から書けます。")
        return redirect("my")
    if not form.is_valid():
        return _show(request, found, form, status=422)
    return _publish(request, found, form)


def _keep(request: HttpRequest, found: Draft, form: ItemForm) -> bool:
    """Save what was typed before anything is checked; False (with an error on the form) where it cannot be stored."""
    try:
        typed = form.typed()
    except ValidationError as error:
        form.add_error(None, error)
        return False
    drafting.save_typed(draft=found, typed=typed, version=found.version)
    return True


def _publish(request: HttpRequest, found: Draft, form: ItemForm) -> HttpResponse:
    person = author_of(request)
    try:
        item = drafting.store(draft=found, values=form.cleaned_data, by=person)
    except drafting.EditConflict:
        return _conflict(request, found)
    except (ValidationError, PermissionDenied) as error:
        form.add_error(None, error.messages[0] if isinstance(error, ValidationError) else str(error))
        return _show(request, found, form, status=422)
    if item.state == State.SUBMITTED:
        messages.success(request, "所属の確認に出しました。受理されると公開され、お知らせが届きます。")
    else:
        messages.success(request, f"公開しました。{item.get_audience_display()}の人が、もう検索で見つけられます。")
    return redirect(item.get_absolute_url())


def _conflict(request: HttpRequest, found: Draft) -> HttpResponse:
    """Somebody published meanwhile: both texts are shown, nothing is lost."""
    assert found.item is not None
    item = found.item.specific
    shown = changes(texts_of(item), typed_texts(found.data), model=type(item), format=found.format)
    return render(request, "kb/write/conflict.html", {"draft": found, "item": item, "changes": shown}, status=409)


def _show(request: HttpRequest, found: Draft, form: ItemForm, status: int = 200) -> HttpResponse:
    template = "kb/write/retrospective.html" if found.kind == Draft.Kind.RETROSPECTIVE else "kb/write/item.html"
    saved = timezone.localtime(found.updated_at).strftime("%H:%M") if found.version else ""
    context = {"draft": found, "form": form, "saved_at": saved, "format": getattr(form, "format", None)}
    return render(request, template, context, status=status)


@login_required
@require_POST
def rebase(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """After a conflict was seen: the draft now stands on the newest version, with the text that was typed."""
    found = own_draft(request, uid)
    if found.item is None or found.submitted_at is not None:
        raise Http404
    found.base_revision_id = found.item.latest_revision_id
    found.save(update_fields=["base_revision"])
    return redirect(found)


@login_required
@require_POST
def autosave(request: HttpRequest, uid: uuid.UUID) -> JsonResponse:
    """{"version", "saved_at"}; 409 where another window saved since, 422 where the text cannot be stored."""
    found = own_draft(request, uid)
    if found.submitted_at is not None:
        return JsonResponse({"message": "この下書きは、もう公開されています。"}, status=409)
    try:
        typed = form_for(found, data=request.POST, reader=reader_for(request.user)).typed()
    except ValidationError as error:
        return JsonResponse({"message": error.messages[0]}, status=422)
    version = request.POST.get("version", "")
    known = int(version) if version.isascii() and version.isdigit() else -1
    if not drafting.save_typed(draft=found, typed=typed, version=known):
        return JsonResponse({"message": "別の画面で保存されています。この画面を開き直してください。"}, status=409)
    return JsonResponse({"version": found.version, "saved_at": timezone.localtime(found.updated_at).strftime("%H:%M")})


@login_required
def discard(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Ask, then throw the draft away; a published item is not touched."""
    found = own_draft(request, uid)
    if found.submitted_at is not None:
        raise Http404
    if request.method == "POST":
        found.delete()
        messages.success(request, "下書きを捨てました。")
        return redirect("my")
    return render(request, "kb/write/discard.html", {"draft": found})


@login_required
@require_POST
def promote(request: HttpRequest, public_id: str, answer_uid: uuid.UUID) -> HttpResponse:
    """「教訓にする」: a lesson draft from one answer, for who may edit the retrospective."""
    item = find(request.user, public_id)
    if not isinstance(item, Retrospective) or not lifecycle.may_edit(item=item, user=request.user):
        raise Http404
    try:
        made = drafting.promote(retrospective=item, answer_uid=str(answer_uid), by=author_of(request))
    except LookupError as error:
        raise Http404 from error
    return redirect(made)
