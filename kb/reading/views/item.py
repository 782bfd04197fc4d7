"""The page of one item at its permalink. The actions on that page are in kb.reading.views.item_actions."""

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
from kb.items.row_filter import visible_successor
from kb.lifecycle.transitions import ITEM, Actor
from kb.models import Item, Reference
from kb.models.items.states import State
from kb.models.vocabulary import Scene, Stance, Theme
from organization.requests import person_of
from organization.units.tree import unit_tree


def item_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Shows the item, its tombstone, or a reference.

    A visitor who is not logged in always goes to the login page first and never gets 404. So the answer does not
    disclose whether the item exists.
    """
    is_reference = public_id.startswith(f"{Reference.PREFIX}-")
    if not request.user.is_authenticated:
        model: Any = Reference if is_reference else Item
        if not model.objects.visible_to(request.user).filter(public_id=public_id).exists():
            return redirect_to_login(request.get_full_path())
    if is_reference:
        return _reference_page(request, public_id)
    item = find_item(request.user, public_id)
    if item.state == State.WITHDRAWN:
        context = {"item": item, "successor": visible_successor(request.user, item)}
        return render(request, "kb/tombstone.html", context, status=410)
    if item.HAS_OWN_REVIEW and item.first_published_at is None:
        return redirect(item.edit_url())  # Here only people who may edit the item find it. Readers cannot read it yet.
    return render(request, item.template, item_context(request, item))


def item_context(request: HttpRequest, item: Item) -> dict[str, Any]:
    """Returns the context for the item's template (it extends templates/kb/item_base.html). The context contains only
    what this reader may see.
    """
    return {**_common_context(request, item), **item.page_context(request)}


@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[arg-type]  # its stub allows views with the request as their only argument
def preview_item(request: HttpRequest, item: Item) -> HttpResponse:
    """Shows the unsaved state of a form in the admin, as readers will see it. Only Item.serve_preview calls this
    function.

    The admin shows the preview in a frame beside the form. No other page may be framed.
    """
    if item.pk is None:
        return render(request, "kb/office/preview_later.html")
    item.render()  # This renders the typed text to HTML. The HTML is not stored.
    return render(request, item.template, item_context(request, item))


def _reference_page(request: HttpRequest, public_id: str) -> HttpResponse:
    row = Reference.objects.visible_to(request.user).filter(public_id=public_id).select_related("source").first()
    if row is None:
        raise Http404
    limit = settings.SEARCH_FIELD_LIMIT
    # HTML is never shorter than its text. So if the HTML is short, the text need not be counted.
    searched = limit if len(row.html) > limit and len(row.words()) > limit else 0
    return render(request, "kb/reference.html", {"item": row, "searched": searched})


def _common_context(request: HttpRequest, item: Item) -> dict[str, Any]:
    person = person_of(request)
    tree = unit_tree()
    unit = tree.successor(item.owner_unit_id) if item.owner_unit_id else None
    unit_name = tree.name(unit) if unit else ""
    editable = may_edit(item=item, user=request.user)
    reactions = list(item.reactions.values_list("person_id", flat=True))
    return {
        "item": item,
        "lead": item.summary if item.summary.rstrip("。") != item.title.rstrip("。") else "",
        "author": author_label(item),
        "unit_now": unit_name if unit_name != item.unit_name_at_time else "",
        "unit_uid": tree.uid(unit) if unit else None,
        "useful_count": len(reactions),
        "useful_pressed": person is not None and person.pk in reactions,
        "may_edit": editable,
        "keeper_links": keeper_links(item) if editable else [],
        "is_author": person is not None and any(row.person_id == person.pk for row in item.authorships.all()),
        "permalink": request.build_absolute_uri(item.get_absolute_url()),
        "badge_codes": [code for code, _ in item.badges],
        "other_parts": hooks.item_parts(request, item),
        **_vocabulary(item),
    }


def keeper_links(item: Item) -> list[dict[str, str]]:
    """Returns what people who may edit the item can do with it now. Verb and label come from the transition table, the
    address comes from the item.
    """
    addresses = {"edit": item.edit_url, "change_audience": item.audience_url, "withdraw": item.withdraw_url}
    rows = [row for row in ITEM.applicable(item) if row.actor == Actor.KEEPER and row.label]
    links = [{"verb": row.verb, "label": row.label, "url": addresses[row.verb]()} for row in rows]
    return [link for link in links if link["url"]]


def _vocabulary(item: Item) -> dict[str, list[dict[str, str]]]:
    """Returns `themes`, `scenes` and `stances` of the item as (code, label) pairs. One query."""
    entries: dict[str, list[dict[str, str]]] = {"themes": [], "scenes": [], "stances": []}
    vocabularies: tuple[Any, ...] = (Theme, Scene, Stance)
    first, *others = (
        model.objects.filter(items=item.pk)
        .order_by()
        .annotate(name=Value(name))
        .values("name", "code", "label", "order")
        for model, name in zip(vocabularies, entries, strict=True)
    )
    for row in first.union(*others).order_by("order", "code"):
        entries[row["name"]].append({"code": row["code"], "label": row["label"]})
    return entries
