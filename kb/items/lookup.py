"""Finds one item by its public id, for a page. A missing item and a forbidden item both give 404."""

from __future__ import annotations

from django.db.models import Prefetch
from django.http import Http404

from kb.items.permissions import may_edit
from kb.models import Authorship, Item
from kb.models.items.item_queries import item_types
from organization.access_policy import Viewer


def find_item(user: Viewer, public_id: str) -> Item:
    """Returns the item that `user` may open, as its own type. Withdrawn items are returned, too. Raises Http404 if the
    item is missing or forbidden.
    """
    model = next((m for m in item_types() if public_id.startswith(f"{m.PREFIX}-")), Item)
    # The query also loads the rows that nearly every page needs: the item's type, its authors, and the relations that
    # its type always shows.
    rows = model.objects.allowed_for(user).filter(public_id=public_id)
    rows = rows.select_related("content_type", *model.PAGE_RELATED)
    item = rows.prefetch_related(Prefetch("authorships", Authorship.objects.select_related("person"))).first()
    if item is None or (item.first_published_at is None and not _may_see_unpublished(item, user)):
        raise Http404
    return item if model is not Item else item.specific


def _may_see_unpublished(item: Item, user: Viewer) -> bool:
    """Whether `user` may see an item that was never published. Only people who may edit the item see it, also after it
    was withdrawn.
    """
    return may_edit(item=item, user=user)
