"""The menu and the home page of the admin, reduced to what the offices use.

This module hides the entries that lead to the addresses that `kb.admin.urls` closes, and the page explorer, because the
lists replace it. It shows some entries to the knowledge office alone. It grants no permission.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.components import Component
from wagtail.admin.widgets.button import Button
from wagtail.models import Page

from kb.admin.home import home_panels
from kb.models import Item
from kb.references.sources import may_manage
from organization.access_policy import Viewer

#: The hidden entries, by the names that Wagtail uses: the page explorer, the unused documents app, links to Wagtail's
#: help.
HIDDEN = {"explorer", "documents", "help"}


@hooks.register("construct_main_menu")
def trim_main_menu(request: HttpRequest, items: list[MenuItem]) -> None:
    items[:] = [item for item in items if item.name not in HIDDEN]
    for item in items:
        if item.name == "reports":
            item.icon_name = "list-ul"


@hooks.register("construct_reports_menu")
def trim_reports_menu(request: HttpRequest, items: list[MenuItem]) -> None:
    items[:] = [item for item in items if item.name.startswith("manabi-")]


@hooks.register("construct_settings_menu")
def trim_settings_menu(request: HttpRequest, items: list[MenuItem]) -> None:
    items[:] = [item for item in items if item.name == "users"]


@hooks.register("register_admin_menu_item")
def register_site_link() -> MenuItem:
    return MenuItem("読む画面へ", f"{reverse('home')}#main", name="manabi-site", icon_name="home", order=1)


class KnowledgeOfficeMenuItem(MenuItem):
    """A menu entry that only the knowledge office sees. Only the knowledge office may open its page."""

    def is_shown(self, request: HttpRequest) -> bool:
        return may_manage(request.user)


@hooks.register("register_admin_menu_item")
def register_import_menu() -> MenuItem:
    return KnowledgeOfficeMenuItem("外部の事例の取込み", reverse("reference_sources"), icon_name="download", order=160)


@hooks.register("register_reports_menu_item")
def register_stale_menu() -> MenuItem:
    return KnowledgeOfficeMenuItem(
        "見直し期限切れ", reverse("stale_report"), name="manabi-stale", icon_name="time", order=10
    )


@hooks.register("register_page_listing_buttons")
def register_page_button(page: Page, user: Viewer, next_url: str | None = None) -> Iterator[Button]:
    """Adds a link to the page of an unpublished item. Wagtail links only published pages, but the office may also read
    unpublished items.
    """
    if isinstance(page, Item) and not page.live:
        yield Button("読む画面で開く", page.get_absolute_url(), icon_name="view", priority=5)


@hooks.register("construct_homepage_panels")
def replace_home_panels(request: HttpRequest, panels: list[Component]) -> None:
    """Replaces Wagtail's own panels, which show names of people or are always empty. Panels of other rooms are kept."""
    room_panels = [panel for panel in panels if not type(panel).__module__.startswith("wagtail.")]
    panels[:] = [*home_panels(request.user), *room_panels]


@hooks.register("construct_homepage_summary_items")
def clear_summary(request: HttpRequest, items: list[Any]) -> None:
    items.clear()


@hooks.register("insert_global_admin_css")
def link_stylesheet() -> str:
    return format_html('<link rel="stylesheet" href="{}">', static("css/office.css"))
