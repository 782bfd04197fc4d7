"""The page of one item at its permalink, and what can be done there: useful, edit, withdraw, audience, aftermath."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, Prefetch, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from kb import challenges, drafting, lifecycle
from kb.authors import author_label
from kb.cards import MODELS
from kb.format_files import get_format
from kb.forms.common import WRITABLE_AUDIENCES
from kb.models import Addendum, Article, Authorship, Challenge, Item, Lesson, Reaction, Reference, Retrospective
from kb.models.item import State
from kb.models.vocabulary import Scene, Stance, Theme
from kb.text import clean_text
from organization.tree import unit_tree


def find(user: Any, public_id: str) -> Item:
    """The item that `user` may open, as its own type, tombstones included; Http404 for missing and forbidden alike."""
    model = next((m for m in MODELS if public_id.startswith(f"{m.PREFIX}-")), Item)
    # With what nearly every answer needs: the type, who wrote it and, for a challenge, the post behind it.
    joined = ("content_type", "sponsor_post__unit") if model is Challenge else ("content_type",)
    asked = model.objects.allowed_for(user).filter(public_id=public_id).select_related(*joined)
    found = asked.prefetch_related(Prefetch("authorships", Authorship.objects.select_related("person"))).first()
    if found is None or (found.first_published_at is None and not _may_see_waiting(found, user)):
        raise Http404
    return found if model is not Item else found.specific


def _may_see_waiting(item: Item, user: Any) -> bool:
    """What nobody could read yet is seen by who wrote it and by who may decide on it, also once it is withdrawn."""
    return lifecycle.may_edit(item=item, user=user)


def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """The item, its tombstone, or a reference; login is asked for first, so that a 404 tells a stranger nothing."""
    is_reference = public_id.startswith(f"{Reference.PREFIX}-")
    if not request.user.is_authenticated:
        seen: Any = Reference if is_reference else Item
        if not seen.objects.visible_to(request.user).filter(public_id=public_id).exists():
            return redirect_to_login(request.get_full_path())
    if is_reference:
        return _reference(request, public_id)
    item = find(request.user, public_id)
    if item.state == State.WITHDRAWN:
        successor = item.successor() if isinstance(item, Lesson) else None
        return render(request, "kb/tombstone.html", {"item": item, "successor": successor}, status=410)
    return render(request, item.template, {**_common(request, item), **_own(request, item)})


@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[arg-type]  # its stub knows the request alone
def preview(request: HttpRequest, item: Item) -> HttpResponse:
    """What is being edited in the admin, as its readers will see it. Asked by Item.serve_preview alone.

    The admin shows it in a frame beside the form; every other page refuses to be framed.
    """
    if item.pk is None:
        return render(request, "kb/office/preview_later.html")
    item.render()  # of what is typed, kept nowhere
    return render(request, item.template, {**_common(request, item), **_own(request, item)})


def _reference(request: HttpRequest, public_id: str) -> HttpResponse:
    row = Reference.objects.visible_to(request.user).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return render(request, "kb/reference.html", {"item": row})


def _common(request: HttpRequest, item: Item) -> dict[str, Any]:
    person = getattr(request.user, "person", None)
    tree = unit_tree()
    now = tree.successor(item.owner_unit_id) if item.owner_unit_id else None
    name_now = tree.name(now) if now else ""
    reactions = list(item.reactions.values_list("person_id", flat=True))
    return {
        "item": item,
        "author": author_label(item),
        "unit_now": name_now if name_now != item.unit_name_at_time else "",
        "unit_uid": tree.uid(now) if now else None,
        "useful_count": len(reactions),
        "useful_pressed": person is not None and person.pk in reactions,
        "may_edit": lifecycle.may_edit(item=item, user=request.user),
        "is_author": person is not None and any(row.person_id == person.pk for row in item.authorships.all()),
        "permalink": request.build_absolute_uri(item.get_absolute_url()),
        "badge_codes": [code for code, _ in item.badges],
        **_words(item),
    }


def _words(item: Item) -> dict[str, list[dict[str, str]]]:
    """The item's words of the three vocabularies, in one query: `themes`, `scenes`, `stances` (code, label)."""
    found: dict[str, list[dict[str, str]]] = {"themes": [], "scenes": [], "stances": []}
    vocabularies: tuple[Any, ...] = (Theme, Scene, Stance)
    first, *rest = (
        model.objects.filter(items=item.pk)
        .order_by()
        .annotate(name=Value(name))
        .values("name", "code", "label", "order")
        for model, name in zip(vocabularies, found, strict=True)
    )
    for row in first.union(*rest).order_by("order", "code"):
        found[row["name"]].append({"code": row["code"], "label": row["label"]})
    return found


def _own(request: HttpRequest, item: Item) -> dict[str, Any]:
    """What one type shows besides."""
    if isinstance(item, Lesson):
        sources = list(item.sources.select_related("retrospective"))
        seen = Item.objects.visible_to(request.user).filter(pk__in=[s.retrospective_id for s in sources])
        readable = set(seen.values_list("pk", flat=True))
        return {
            "sources": [(s, s.retrospective_id in readable) for s in sources],
            "parts": _parts(item),
            "successor": item.successor() if item.state == State.SUPERSEDED else None,
        }
    if isinstance(item, Challenge):
        person = getattr(request.user, "person", None)
        lookbacks = Retrospective.objects.visible_to(request.user).filter(looks_back_on=item, state=State.PUBLISHED)
        return {
            "parts": _parts(item),
            "moves": challenges.moves_for(challenge=item, person=person),
            "outcomes": Challenge.Outcome.choices,
            "lookback": lookbacks.order_by("pk").first(),
            "stages": Challenge.Stage.choices,
        }
    if isinstance(item, Retrospective):
        return _retrospective(request, item)
    assert isinstance(item, Article)
    return {}


def _parts(item: Item) -> list[dict[str, str]]:
    """The Markdown fields that hold something: label and HTML."""
    return [
        {"name": name, "label": str(item._meta.get_field(name).verbose_name), "html": item.rendered.get(name, "")}
        for name in item.MARKDOWN_FIELDS
        if item.rendered.get(name)
    ]


def _retrospective(request: HttpRequest, item: Retrospective) -> dict[str, Any]:
    chosen = get_format(item.format)
    drawn: dict[str, list[Lesson]] = {}
    lessons = Lesson.objects.visible_to(request.user).filter(sources__retrospective=item)
    for lesson in lessons.annotate(drawn_from=F("sources__answer_uid")).order_by("pk"):
        drawn.setdefault(str(lesson.drawn_from), []).append(lesson)
    challenge = (
        Challenge.objects.visible_to(request.user).filter(pk=item.looks_back_on_id) if item.looks_back_on_id else None
    )
    answers = [
        {"answer": a, "label": _label(chosen, a.section_key), "prompt": item.prompts.get(a.section_key, ""), "lessons": drawn.get(str(a.uid), [])}
        for a in item.answers.all()
    ]  # fmt: skip
    return {
        "format": chosen,
        "answers": answers,
        "facts": _facts(chosen, item.facts),
        "next_actions": item.next_actions.all(),
        # What the reader may not open is not named either.
        "challenge": challenge.first() if challenge is not None else None,
        "addenda": item.addenda.all(),
        "co_creation": item.rendered.get("co_creation_note", ""),
    }


def _label(chosen: Any, key: str) -> str:
    section = chosen.section(key) if chosen else None
    return section.label if section else key


def _facts(chosen: Any, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts of the format in words: labels of choices, rows as a table."""
    found: list[dict[str, Any]] = []
    for fact in chosen.facts if chosen else ():
        value = facts.get(fact.key)
        if value in (None, "", []):
            continue
        labels = dict(fact.choices)
        if fact.type == "rows":
            rows = [[_word(row.get(c.key)) for c in fact.columns] for row in value]
            found.append({"label": fact.label, "header": [c.label for c in fact.columns], "rows": rows})
        elif fact.type == "choices":
            found.append({"label": fact.label, "value": "、".join(labels.get(v, v) for v in value)})
        else:
            found.append({"label": fact.label, "value": labels.get(value, _word(value))})
    return found


def _word(value: Any) -> str:
    return str(value or "").replace("T", " ") if isinstance(value, str) else str(value if value is not None else "")


# --- What can be done on the page ----------------------------------------------------------------


@login_required
@require_POST
def useful(request: HttpRequest, public_id: str) -> HttpResponse:
    """「役に立った」: one press sets it, the next takes it back."""
    item = find(request.user, public_id)
    person = getattr(request.user, "person", None)
    if person is None or item.state == State.WITHDRAWN:
        raise Http404
    made, created = Reaction.objects.get_or_create(item_id=item.pk, person=person)
    if not created:
        made.delete()
    return redirect(item.get_absolute_url())


@login_required
@require_POST
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """「直す」: a draft from the newest version."""
    item = find(request.user, public_id)
    person = getattr(request.user, "person", None)
    if person is None or isinstance(item, Article) or not lifecycle.may_edit(item=item, user=request.user):
        raise Http404
    return redirect(drafting.edit(item=item, by=person))


@login_required
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask for the reason, then leave a tombstone."""
    item = find(request.user, public_id)
    if not lifecycle.may_edit(item=item, user=request.user) or item.state == State.WITHDRAWN:
        raise Http404
    context: dict[str, Any] = {"item": item, "reason": "", "error": ""}
    if request.method == "POST":
        context["reason"] = request.POST.get("reason", "")
        try:
            lifecycle.withdraw(item=item, user=request.user, reason=clean_text(context["reason"]))
        except ValidationError as error:
            context["error"] = error.messages[0]
            return render(request, "kb/withdraw.html", context, status=422)
        messages.success(request, "取り下げました。読みに来た人には、わけだけが見えます。")
        return redirect(item.get_absolute_url())
    return render(request, "kb/withdraw.html", context)


@login_required
def audience(request: HttpRequest, public_id: str) -> HttpResponse:
    """Narrow at once, widen through the reviewer."""
    item = find(request.user, public_id)
    if not lifecycle.may_edit(item=item, user=request.user) or item.state != State.PUBLISHED:
        raise Http404
    context: dict[str, Any] = {"item": item, "choices": WRITABLE_AUDIENCES, "error": ""}
    if request.method == "POST":
        try:
            lifecycle.change_audience(item=item, user=request.user, audience=request.POST.get("audience", ""))
        except (ValidationError, PermissionDenied) as error:
            context["error"] = error.messages[0] if isinstance(error, ValidationError) else str(error)
            return render(request, "kb/audience.html", context, status=422)
        asked = "所属の確認に出しました。受理されるまでは、今の範囲のままです。"
        messages.success(request, asked if item.requested_audience else "公開範囲を変えました。")
        return redirect(item.get_absolute_url())
    return render(request, "kb/audience.html", context)


@login_required
@require_POST
def addendum(request: HttpRequest, public_id: str) -> HttpResponse:
    """後日談: added by who may edit, never changed."""
    item = find(request.user, public_id)
    if not isinstance(item, Retrospective) or not lifecycle.may_edit(item=item, user=request.user):
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
