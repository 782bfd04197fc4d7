"""The page of one item at its permalink. Reads and shows; what can be done there is in kb.items.views.item_actions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import F, Prefetch, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kb import hooks
from kb.formats.loading import Fact, get_format
from kb.items.authorship import author_label
from kb.lifecycle import challenges, transitions
from kb.models import Authorship, Challenge, Item, Lesson, Reference, Retrospective
from kb.models.item import State, item_types
from kb.models.vocabulary import Scene, Stance, Theme
from organization.fiscal import era_date
from organization.tree import unit_tree


def find(user: Any, public_id: str) -> Item:
    """The item that `user` may open, as its own type, tombstones included; Http404 for missing and forbidden alike."""
    model = next((m for m in item_types() if public_id.startswith(f"{m.PREFIX}-")), Item)
    # With what nearly every answer needs: the type, who wrote it and, for a challenge, the post behind it.
    joined = ("content_type", "sponsor_post__unit") if model is Challenge else ("content_type",)
    asked = model.objects.allowed_for(user).filter(public_id=public_id).select_related(*joined)
    found = asked.prefetch_related(Prefetch("authorships", Authorship.objects.select_related("person"))).first()
    if found is None or (found.first_published_at is None and not _may_see_waiting(found, user)):
        raise Http404
    return found if model is not Item else found.specific


def _may_see_waiting(item: Item, user: Any) -> bool:
    """What nobody could read yet is seen by who wrote it and by who may decide on it, also once it is withdrawn."""
    return transitions.may_edit(item=item, user=user)


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
    if item.HAS_OWN_REVIEW and item.first_published_at is None:
        return redirect(item.edit_url())  # who may see it has been asked; there is nothing for a reader yet
    return render(request, item.template, shown(request, item))


def shown(request: HttpRequest, item: Item) -> dict[str, Any]:
    """All that the template of the item's type shows (templates/kb/item_base.html), trimmed to this reader."""
    return {**_common(request, item), **_own(request, item)}


@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[arg-type]  # its stub knows the request alone
def preview(request: HttpRequest, item: Item) -> HttpResponse:
    """What is being edited in the admin, as its readers will see it. Asked by Item.serve_preview alone.

    The admin shows it in a frame beside the form; every other page refuses to be framed.
    """
    if item.pk is None:
        return render(request, "kb/office/preview_later.html")
    item.render()  # of what is typed, kept nowhere
    return render(request, item.template, shown(request, item))


def _reference(request: HttpRequest, public_id: str) -> HttpResponse:
    row = Reference.objects.visible_to(request.user).filter(public_id=public_id).select_related("source").first()
    if row is None:
        raise Http404
    limit = settings.SEARCH_FIELD_LIMIT
    # Markup only makes a text longer: a short one need not be read.
    searched = limit if len(row.html) > limit and len(row.words()) > limit else 0
    return render(request, "kb/reference.html", {"item": row, "searched": searched})


def _common(request: HttpRequest, item: Item) -> dict[str, Any]:
    person = getattr(request.user, "person", None)
    tree = unit_tree()
    now = tree.successor(item.owner_unit_id) if item.owner_unit_id else None
    name_now = tree.name(now) if now else ""
    reactions = list(item.reactions.values_list("person_id", flat=True))
    return {
        "item": item,
        "lead": item.summary if item.summary.rstrip("。") != item.title.rstrip("。") else "",
        "author": author_label(item),
        "unit_now": name_now if name_now != item.unit_name_at_time else "",
        "unit_uid": tree.uid(now) if now else None,
        "useful_count": len(reactions),
        "useful_pressed": person is not None and person.pk in reactions,
        "may_edit": transitions.may_edit(item=item, user=request.user),
        "is_author": person is not None and any(row.person_id == person.pk for row in item.authorships.all()),
        "permalink": request.build_absolute_uri(item.get_absolute_url()),
        "badge_codes": [code for code, _ in item.badges],
        "other_parts": hooks.item_parts(request, item),
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
    return item.own_context(request)


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
        if fact.type == "rows":
            rows = [[_in_words(column, row.get(column.key)) for column in fact.columns] for row in value]
            found.append({"label": fact.label, "header": [column.label for column in fact.columns], "rows": rows})
        else:
            found.append({"label": fact.label, "value": _in_words(fact, value)})
    return found


def _in_words(fact: Fact, value: Any) -> str:
    """One value as an office writes it: 令和8年5月25日 9時10分, the label of a choice, or the text itself."""
    labels = dict(fact.choices)
    if isinstance(value, list):
        return "、".join(str(labels.get(code, code)) for code in value)
    if fact.type == "datetime" and value:
        moment = datetime.fromisoformat(value)
        return f"{era_date(moment)} {moment.hour}時{moment.minute:02d}分"
    return str(labels.get(value, value if value is not None else ""))
