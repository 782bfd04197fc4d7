"""The admin's menu as the office reads it: what it works with, by names and icons it knows.

It hides what `kb.admin.urls` closes and what the flat lists do better; it grants nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets.button import Button

from kb.admin import home
from kb.models import Item

#: By Wagtail's own names: the tree of containers, the empty documents app, guides to Wagtail.
HIDDEN = {"explorer", "documents", "help"}


@hooks.register("construct_main_menu")
def main_menu(request: Any, items: list[MenuItem]) -> None:
    items[:] = [item for item in items if item.name not in HIDDEN]
    for item in items:
        if item.name == "reports":
            item.icon_name = "list-ul"


@hooks.register("construct_reports_menu")
def reports_menu(request: Any, items: list[MenuItem]) -> None:
    items[:] = [item for item in items if item.name.startswith("manabi-")]


@hooks.register("construct_settings_menu")
def settings_menu(request: Any, items: list[MenuItem]) -> None:
    items[:] = [item for item in items if item.name == "users"]


@hooks.register("register_admin_menu_item")
def to_the_site() -> MenuItem:
    return MenuItem("読む画面へ", f"{reverse('home')}#main", name="manabi-site", icon_name="home", order=1)


@hooks.register("register_page_listing_buttons")
def to_the_page(page: Any, user: Any, next_url: str | None = None) -> Iterator[Button]:
    """What is not public yet has no link to its page in Wagtail's menu; the office may read it."""
    if isinstance(page, Item) and not page.live:
        yield Button("読む画面で開く", page.get_absolute_url(), icon_name="view", priority=5)


@hooks.register("construct_homepage_panels")
def homepage_panels(request: Any, panels: list[Any]) -> None:
    """Ours, and those that other rooms add; Wagtail's workflow, lock and edit panels name people or stay empty."""
    ours = [panel for panel in panels if not type(panel).__module__.startswith("wagtail.")]
    panels[:] = [*home.panels(request.user), *ours]


@hooks.register("construct_homepage_summary_items")
def summary_items(request: Any, items: list[Any]) -> None:
    items.clear()


@hooks.register("insert_global_admin_css")
def styles() -> str:
    return format_html('<link rel="stylesheet" href="{}">', static("css/office.css"))
