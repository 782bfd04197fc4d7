"""The history of an item, and the difference between two versions. No version names a person."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from wagtail.models import Revision

from kb.items.lookup import find_item
from kb.items.revisions import changes, texts_of
from kb.models import Item
from kb.models.items.states import State

#: The maximum number of versions in the list.
SHOWN = 50


def _find_readable(request: HttpRequest, public_id: str) -> Item:
    """Returns the item if the reader may read it. Raises Http404 otherwise, and also for a withdrawn item."""
    item = find_item(request.user, public_id)
    if item.state == State.WITHDRAWN:
        raise Http404
    return item


@login_required
def item_history(request: HttpRequest, public_id: str) -> HttpResponse:
    """Shows the versions, the newest first. Each version has a link to the difference from the version before it."""
    item = _find_readable(request, public_id)
    revisions = list(item.revisions.order_by("-created_at", "-pk")[:SHOWN])
    older: list[Revision | None] = [*revisions[1:], None]
    versions = [
        {"number": len(revisions) - n, "revision": revision, "older": before}
        for n, (revision, before) in enumerate(zip(revisions, older, strict=True))
    ]
    return render(request, "kb/history.html", {"item": item, "versions": versions})


@login_required
def compare_versions(request: HttpRequest, public_id: str, older: int, newer: int) -> HttpResponse:
    """Shows the difference between two versions, field by field and line by line. 404 if a version does not belong to
    this item.
    """
    item = _find_readable(request, public_id)
    revisions = {revision.pk: revision for revision in item.revisions.filter(pk__in=(older, newer))}
    if len(revisions) != 2:
        raise Http404
    before, after = (texts_of(revisions[pk].as_object()) for pk in (older, newer))
    field_changes = changes(before, after, model=type(item), format=getattr(item, "format", ""))
    context = {"item": item, "changes": field_changes, "older": revisions[older], "newer": revisions[newer]}
    return render(request, "kb/compare.html", context)
