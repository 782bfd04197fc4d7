"""The home page (search box, open drafts, new items, items of the reader's unit) and the help page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kb import hooks
from kb.items.cards import cards
from kb.lifecycle.review_queue import waiting_for
from kb.models import Draft, Item, Theme
from organization.access_policy import reader_for
from organization.audience import Audience
from organization.requests import person_of
from organization.units.tree import unit_tree


@login_required
def home_page(request: HttpRequest) -> HttpResponse:
    """Shows what is new for the reader, and which work waits for the reader."""
    reader = reader_for(request.user)
    person = person_of(request)
    # Private items are listed on 「わたしの学び」. In the list of new items, they would look as if everybody could read them.
    visible = Item.objects.visible_to(request.user).exclude(audience=Audience.SELF)
    tree = unit_tree()
    unit = tree.successor(reader.main_unit_id) if reader.main_unit_id else None
    own_units = [unit, *tree.predecessors(unit)] if unit else []
    newest_items = visible.newest().only("content_type")
    newest = list(newest_items[:6])
    of_unit = list(newest_items.filter(owner_unit_id__in=own_units)[:4]) if own_units else []
    item_cards = cards([*newest, *of_unit])
    context: dict[str, Any] = {
        "drafts": Draft.objects.open_of(person)[:3] if person else [],
        "newest": item_cards[: len(newest)],
        "unit_name": tree.name(unit) if unit else "",
        "unit_uid": tree.uid(unit) if unit else None,
        "of_unit": item_cards[len(newest) :],
        "waiting_n": waiting_for(request.user).count() if reader.review_unit_ids or "km" in reader.roles else 0,
        "themes": Theme.objects.all(),
        "other_parts": hooks.home_parts(request),
    }
    return render(request, "kb/home.html", context)


@login_required
def help_page(request: HttpRequest) -> HttpResponse:
    """Shows what each role can do. The roles of the reader come first."""
    reader = reader_for(request.user)
    return render(
        request,
        "kb/help.html",
        {"is_reviewer": bool(reader.review_unit_ids), "roles": reader.roles, "is_county": reader.is_county},
    )
