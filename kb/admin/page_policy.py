"""Limits the page lists, searches and choosers of Wagtail to the pages that the access policy opens to the user."""

from __future__ import annotations

from django.db.models import QuerySet
from wagtail.models import Page
from wagtail.permission_policies.pages import PagePermissionPolicy

from kb.models import Item
from organization.access_policy import Viewer


class ReadablePagePermissionPolicy(PagePermissionPolicy):
    def explorable_instances(self, user: Viewer) -> QuerySet[Page]:
        return hide_unreadable(super().explorable_instances(user), user)


def hide_unreadable(pages: QuerySet[Page], user: Viewer) -> QuerySet[Page]:
    """Returns `pages` without the items that `user` may not read."""
    unreadable = Item.objects.exclude(pk__in=Item.objects.allowed_for(user).values("pk"))
    return pages.exclude(pk__in=unreadable.values("pk"))
