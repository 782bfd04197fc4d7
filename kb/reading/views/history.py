"""The revision history of an item and the visible difference between two versions; no version names a person."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from kb.items.lookup import find_item
from kb.items.revisions import changes, texts_of
from kb.models import Item
from kb.models.item import State

SHOWN = 50


def _readable(request: HttpRequest, public_id: str) -> Item:
    item = find_item(request.user, public_id)
    if item.state == State.WITHDRAWN:
        raise Http404
    return item


@login_required
def history(request: HttpRequest, public_id: str) -> HttpResponse:
    """The versions, newest first, each with a link to what it changed."""
    item = _readable(request, public_id)
    rows = list(item.revisions.order_by("-created_at", "-pk")[:SHOWN])
    older: list[Any] = [*rows[1:], None]
    versions = [
        {"number": len(rows) - n, "revision": row, "older": before}
        for n, (row, before) in enumerate(zip(rows, older, strict=True))
    ]
    return render(request, "kb/history.html", {"item": item, "versions": versions})


@login_required
def compare(request: HttpRequest, public_id: str, older: int, newer: int) -> HttpResponse:
    """Field by field, line by line."""
    item = _readable(request, public_id)
    found = {row.pk: row for row in item.revisions.filter(pk__in=(older, newer))}
    if len(found) != 2:
        raise Http404
    before, after = (texts_of(found[pk].as_object()) for pk in (older, newer))
    shown = changes(before, after, model=type(item), format=getattr(item, "format", ""))
    context = {"item": item, "changes": shown, "older": found[older], "newer": found[newer]}
    return render(request, "kb/compare.html", context)
