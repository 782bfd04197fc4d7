"""What the admin may do with a page: Wagtail asks these testers in every view, menu and bulk action.

The office edits what readers can already meet, and writes articles. It refuses what has a verb of its
own in the site: withdrawing needs a reason, accepting is the reviewer's, and nothing is deleted (I17).
It refuses another person's 「じぶんだけ」, which opens to no role.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from wagtail.models import PagePermissionTester

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
        item = self.page
        return item.pk is None or (item.may_change_in_office and item.opens_to(self.user))

    def can_edit(self) -> bool:
        return self.open and PagePermissionTester.can_edit(self)

    def can_publish(self) -> bool:
        return self.open and PagePermissionTester.can_publish(self)
