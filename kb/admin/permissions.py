"""What the admin may do with a page: Wagtail asks these testers in every view, menu and bulk action.

The office edits what readers can already meet, and writes articles. It refuses what has a verb of its
own in the site: withdrawing needs a reason, accepting is the reviewer's, and nothing is deleted (I17).
It refuses another person's 「じぶんだけ」, which opens to no role.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from wagtail.models import PagePermissionTester
from wagtail.permission_policies.pages import PagePermissionPolicy

if TYPE_CHECKING:
    from kb.models import Item


class ShelfRights(PagePermissionTester):
    """Home, type indexes and year containers: the program makes them, nobody edits, moves or deletes them."""

    def can_edit(self) -> bool:
        return False

    def can_publish(self) -> bool:
        return False

    def can_delete(self, ignore_bulk: bool = False) -> bool:
        return False

    def can_unpublish(self) -> bool:
        return False

    def can_copy(self) -> bool:
        return False

    def can_lock(self) -> bool:
        return False

    def can_unlock(self) -> bool:
        return False

    def can_set_view_restrictions(self) -> bool:
        return False

    def can_reorder_children(self) -> bool:
        return False


class ItemRights(ShelfRights):
    """An item: edited and published again while it is public to its readers; an article also before that."""

    page: Item

    @cached_property
    def open(self) -> bool:
        """Whether the policy lets this user see the item at all, and its state lets the office change it."""
        from kb.items.visibility import readable  # imports the models, which name this module

        item = self.page
        return item.pk is None or (item.may_change_in_office and bool(readable(self.user, [item])))

    def can_edit(self) -> bool:
        return self.open and PagePermissionTester.can_edit(self)

    def can_publish(self) -> bool:
        return self.open and PagePermissionTester.can_publish(self)


class ReadablePages(PagePermissionPolicy):
    """Which pages Wagtail's lists, searches and choosers may know of: those that the policy opens to the user."""

    def explorable_instances(self, user: Any) -> Any:
        return hide_unreadable(super().explorable_instances(user), user)


def hide_unreadable(pages: Any, user: Any) -> Any:
    """`pages` (any queryset of pages) without the items that the policy closes to `user`."""
    from kb.models import Item

    closed = Item.objects.exclude(pk__in=Item.objects.allowed_for(user).values("pk"))
    return pages.exclude(pk__in=closed.values("pk"))
