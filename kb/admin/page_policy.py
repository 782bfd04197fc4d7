"""Which pages Wagtail's lists, searches and choosers show: those that the access policy opens to the user."""

from __future__ import annotations

from typing import Any

from wagtail.permission_policies.pages import PagePermissionPolicy

from kb.models import Item
from organization.policy import Viewer


class ReadablePages(PagePermissionPolicy):
    def explorable_instances(self, user: Viewer) -> Any:
        return hide_unreadable(super().explorable_instances(user), user)


def hide_unreadable(pages: Any, user: Viewer) -> Any:
    """`pages` (any queryset of pages) without the items that the policy closes to `user`."""
    closed = Item.objects.exclude(pk__in=Item.objects.allowed_for(user).values("pk"))
    return pages.exclude(pk__in=closed.values("pk"))
