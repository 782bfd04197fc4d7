"""The pages that contain the items: a home page, below it one index page per type, below that one container per fiscal
year of registration.

Units are not part of this tree, because they change every April. No address of the tree is served (0004).
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from wagtail.models import Page

from kb.editor.permissions import GeneratedPagePermissions
from organization.access_policy import Viewer
from organization.fiscal import fiscal_year_label


class Container(Page):
    """A page that has no content and only contains other pages."""

    private_page_options: ClassVar[list[str]] = []
    show_in_menus_default = False

    class Meta:
        abstract = True

    def get_url_parts(self, request: Any = None) -> None:
        return None

    def permissions_for_user(self, user: Viewer) -> GeneratedPagePermissions:
        return GeneratedPagePermissions(user, self)


class HomePage(Container):
    max_count = 1
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["kb.TypeIndexPage"]

    class Meta:
        verbose_name = "ホーム"


class TypeIndexPage(Container):
    prefix = models.CharField("種類の記号", max_length=2, unique=True, editable=False)
    parent_page_types = ["kb.HomePage"]
    subpage_types = ["kb.YearPage"]
    is_creatable = False

    class Meta:
        verbose_name = "種類の棚"


class YearPage(Container):
    fiscal_year = models.PositiveSmallIntegerField("登録年度", editable=False)
    parent_page_types = ["kb.TypeIndexPage"]
    # There is no subpage_types here, because each item type names this page as its parent.
    is_creatable = False

    class Meta:
        verbose_name = "年度の棚"

    def label(self) -> str:
        return fiscal_year_label(self.fiscal_year)
