"""The page of one item at its permalink. Reads and shows; what can be done there is in kb.reading.views.item_actions."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kb import hooks
from kb.items.authorship import author_label
from kb.items.lookup import find_item
from kb.items.permissions import may_edit
from kb.lifecycle.transitions import ITEM, Actor
from kb.models import Item, Reference
from kb.models.states import State
from kb.models.vocabulary import Scene, Stance, Theme
from organization.requests import person_of
from organization.units.tree import unit_tree


def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """The item, its tombstone, or a reference; login is asked for first, so that a 404 tells a stranger nothing."""
    is_reference = public_id.startswith(f"{Reference.PREFIX}-")
    if not request.user.is_authenticated:
        seen: Any = Reference if is_reference else Item
        if not seen.objects.visible_to(request.user).filter(public_id=public_id).exists():
            return redirect_to_login(request.get_full_path())
    if is_reference:
        return _reference(request, public_id)
    item = find_item(request.user, public_id)
    if item.state == State.WITHDRAWN:
        return render(request, "kb/tombstone.html", {"item": item, "successor": item.successor()}, status=410)
    if item.HAS_OWN_REVIEW and item.first_published_at is None:
        return redirect(item.edit_url())  # who may see it has been asked; there is nothing for a reader yet
    return render(request, item.template, shown(request, item))


def shown(request: HttpRequest, item: Item) -> dict[str, Any]:
    """All that the template of the item's type shows (templates/kb/item_base.html), trimmed to this reader."""
    return {**_common(request, item), **item.page_context(request)}


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
    person = person_of(request)
    tree = unit_tree()
    now = tree.successor(item.owner_unit_id) if item.owner_unit_id else None
    name_now = tree.name(now) if now else ""
    keeps = may_edit(item=item, user=request.user)
    reactions = list(item.reactions.values_list("person_id", flat=True))
    return {
        "item": item,
        "lead": item.summary if item.summary.rstrip("。") != item.title.rstrip("。") else "",
        "author": author_label(item),
        "unit_now": name_now if name_now != item.unit_name_at_time else "",
        "unit_uid": tree.uid(now) if now else None,
        "useful_count": len(reactions),
        "useful_pressed": person is not None and person.pk in reactions,
        "may_edit": keeps,
        "keeper_links": keeper_links(item) if keeps else [],
        "is_author": person is not None and any(row.person_id == person.pk for row in item.authorships.all()),
        "permalink": request.build_absolute_uri(item.get_absolute_url()),
        "badge_codes": [code for code, _ in item.badges],
        "other_parts": hooks.item_parts(request, item),
        **_words(item),
    }


def keeper_links(item: Item) -> list[dict[str, str]]:
    """What who keeps the item may do with it now: the labels of the table, the addresses of its type."""
    addresses = {"edit": item.edit_url, "change_audience": item.audience_url, "withdraw": item.withdraw_url}
    rows = [row for row in ITEM.applicable(item) if row.actor == Actor.KEEPER and row.label]
    links = [{"verb": row.verb, "label": row.label, "url": addresses[row.verb]()} for row in rows]
    return [link for link in links if link["url"]]


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
