"""Page permissions in the admin. Wagtail asks these classes in every view, every menu and every bulk action.

The office may edit published items and writes articles. Actions that the site itself offers are not available in the
admin: withdrawing needs a reason, accepting belongs to the reviewer, and nothing is deleted (I17). If the author keeps
an item private (「じぶんだけ」), no role can open it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from wagtail.models import PagePermissionTester

if TYPE_CHECKING:
    from kb.models import Item


class GeneratedPagePermissions(PagePermissionTester):
    """For pages that the program generates (home, type indexes, year containers). Nobody edits or
    deletes these pages.
    """

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


class ItemPagePermissions(GeneratedPagePermissions):
    """For items. The office may edit and publish an item while it is published. It may also edit and publish an article
    before that.
    """

    page: Item

    @cached_property
    def may_change(self) -> bool:
        """Whether the policy lets the user read the item, and the item's state lets the office change it."""
        item = self.page
        return item.pk is None or (item.may_change_in_office and item.opens_to(self.user))

    def can_edit(self) -> bool:
        return self.may_change and PagePermissionTester.can_edit(self)

    def can_publish(self) -> bool:
        return self.may_change and PagePermissionTester.can_publish(self)
