"""ItemQuerySet: the queries for items. Views use no other queries for items."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Q
from wagtail.models import PageManager, PageQuerySet

from kb.models.items.authorship import Authorship
from kb.models.items.states import State
from organization import clock
from organization.access_policy import Viewer, reader_for, visible_q

if TYPE_CHECKING:
    from kb.models.items.item import Item
    from organization.models import Person


class ItemQuerySet(PageQuerySet):
    def published(self) -> ItemQuerySet:
        """Returns the items that can be read: they are live, they do not wait for review, and they are
        not withdrawn.
        """
        return self.filter(live=True, state__in=(State.PUBLISHED, State.SUPERSEDED))

    def visible_to(self, user: Viewer) -> ItemQuerySet:
        """Returns the published items that `user` may open. This is the access policy in SQL."""
        return self.published().allowed_for(user)

    def allowed_for(self, user: Viewer) -> ItemQuerySet:
        """Returns the items whose audience includes `user`, in every state. The page of a tombstone needs the withdrawn
        items.
        """
        reader = reader_for(user)
        authored = None
        if reader.person_id is not None:
            authored = Authorship.objects.filter(person_id=reader.person_id).values("item_id")
        return self.filter(visible_q(reader, authored_pks=authored))

    def written_by(self, person: Person) -> ItemQuerySet:
        """Returns the items by `person` that are not withdrawn. For a type with HAS_OWN_REVIEW, an item counts only if
        it was published once.
        """
        written = self.filter(authorships__person=person).exclude(state=State.WITHDRAWN)
        return written.exclude(own_review_q(), first_published_at__isnull=True)

    def stale(self, on: date | None = None) -> ItemQuerySet:
        """Returns the published items whose review due date has passed (見直し期限切れ)."""
        return self.published().filter(review_due__lt=on or clock.today())

    def newest(self) -> ItemQuerySet:
        """Sorts the newest items first. Items of the same date are sorted by pk, so that no item appears on two pages
        of a list.
        """
        return self.order_by("-first_published_at", "-pk")


ItemManager = PageManager.from_queryset(ItemQuerySet)


def item_types() -> list[type[Item]]:
    """Returns every item type, including the types of the rooms above kb, in the order of their apps."""
    base = apps.get_model("kb", "Item")
    return [model for model in apps.get_models() if issubclass(model, base) and model.PREFIX]


def item_type(code: str) -> type[Item] | None:
    """Returns the item type with this code (Item.type_code)."""
    return next((model for model in item_types() if model.type_code() == code), None)


def own_review_q() -> Q:
    """Returns a condition for the items of all types with HAS_OWN_REVIEW. The reviewers of the units do not review
    these items.
    """
    return of_types(model for model in item_types() if model.HAS_OWN_REVIEW)


def of_types(types: Iterable[type[Item]]) -> Q:
    """Returns a condition for the items of the given types."""
    return Q(content_type__model__in=[model.type_code() for model in types])
