"""The template tag {% navigation as nav %} returns the links of the menus on every page. base.html shows three
menus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

register = template.Library()


@dataclass(frozen=True)
class Destination:
    """One link of a menu. `count` is the number of new notices, which is shown beside the link."""

    url: str
    icon: str
    label: str
    is_current: bool = False
    count: int = 0


@dataclass(frozen=True)
class Navigation:
    """The links of the three menus.

    `header` is below the search box. `bottom` is at the lower end of a phone's screen. `account` is the account menu:
    it contains the links that do not fit elsewhere on a phone.
    """

    header: list[Destination]
    bottom: list[Destination]
    account: list[Destination]


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> Navigation:
    """Returns the menu links for the user who is logged in."""

    def value(name: str) -> Any:
        """Returns the value of the template variable `name`. If a context processor supplied a function, this calls
        it now."""
        entry = context[name]
        return entry() if callable(entry) else entry

    path = context["request"].path

    def destination(name: str, icon: str, label: str, count: int = 0) -> Destination:
        url = reverse(name)
        # The address of home is the beginning of every other address. So for home, the whole address must be equal.
        return Destination(url, icon, label, path == url if name == "home" else url in path, count)

    unread = value("unread_notices")
    home = destination("home", "home", "ホーム")
    write = destination("write", "write", "書く")
    search = destination("search", "search", "検索")
    by_role = [destination("paths", "learningpath", "学習パス")]
    if value("is_manager"):
        by_role.append(destination("team", "people", "所属の学び"))
    if value("is_training_office"):
        by_role.append(destination("training", "training", "研修担当"))
    by_role.append(destination("help", "help", "ヘルプ"))
    if context["user"].is_staff or value("can_admin"):
        by_role.append(Destination(reverse("wagtailadmin_home"), "settings", "管理"))
    return Navigation(
        header=[home, write, search, destination("my", "user", "わたしの学び", unread), *by_role],
        bottom=[home, search, write, destination("my", "user", "わたし", unread)],
        account=by_role,
    )
