"""ItemQuerySet: what may be asked of items. Views ask nothing else."""

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
        """Items that can be read: live, and neither waiting for review nor withdrawn."""
        return self.filter(live=True, state__in=(State.PUBLISHED, State.SUPERSEDED))

    def visible_to(self, user: Viewer) -> ItemQuerySet:
        """The access policy as SQL: published items that `user` may open."""
        return self.published().allowed_for(user)

    def allowed_for(self, user: Viewer) -> ItemQuerySet:
        """Items whose audience includes `user`, in every state. Tombstones need the withdrawn ones."""
        reader = reader_for(user)
        authored = None
        if reader.person_id is not None:
            authored = Authorship.objects.filter(person_id=reader.person_id).values("item_id")
        return self.filter(visible_q(reader, authored_pks=authored))

    def written_by(self, person: Person) -> ItemQuerySet:
        """Items of `person` that are not withdrawn. Of types with HAS_OWN_REVIEW only those that were once published."""
        written = self.filter(authorships__person=person).exclude(state=State.WITHDRAWN)
        return written.exclude(own_review_q(), first_published_at__isnull=True)

    def stale(self, on: date | None = None) -> ItemQuerySet:
        """Published items whose review date has passed (見直し期限切れ)."""
        return self.published().filter(review_due__lt=on or clock.today())

    def newest(self) -> ItemQuerySet:
        """Newest first. The pk breaks ties, so that no item stands on two pages of a list."""
        return self.order_by("-first_published_at", "-pk")


ItemManager = PageManager.from_queryset(ItemQuerySet)


def item_types() -> list[type[Item]]:
    """Every type of item, also those of the rooms above, in the order of their apps."""
    base = apps.get_model("kb", "Item")
    return [model for model in apps.get_models() if issubclass(model, base) and model.PREFIX]


def item_type(code: str) -> type[Item] | None:
    """The type with this code (Item.type_code)."""
    return next((model for model in item_types() if model.type_code() == code), None)


def own_review_q() -> Q:
    """Items of the types that unit reviewers do not review (HAS_OWN_REVIEW)."""
    return of_types(model for model in item_types() if model.HAS_OWN_REVIEW)


def of_types(types: Iterable[type[Item]]) -> Q:
    """The items of these types."""
    return Q(content_type__model__in=[model.type_code() for model in types])
