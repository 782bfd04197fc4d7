"""People of the offices for tests of the admin, and what a reader of its pages sees as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from kb.admin.groups import sync_groups
from tests.factories.organization import make_staff, make_unit, make_user

READ_ALOUD = ("title", "aria-label", "placeholder", "alt")
SILENT = ("script", "style", "noscript", "svg", "template")
#: What Wagtail keeps hidden until it has a number.
COUNTER = re.compile(r"<div[^>]*toggle-counter.*?</div>", re.DOTALL)


def officer(client: Client, *duties: str, unit: Any = None) -> Any:
    """Log in somebody whose post has these duties, as the log-in does it; returns the person."""
    person = make_staff(unit or make_unit(name="デジタル推進課"), duties=duties or ("km",))
    client.force_login(person.user)
    sync_groups(None, person.user)
    return person


def administrator(client: Client) -> Any:
    user = make_user("kanri", is_superuser=True)
    client.force_login(user)
    return user


class Texts(HTMLParser):
    """Every text that is seen or read aloud."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0
        self.feed(COUNTER.sub("", page))

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._silent += tag in SILENT
        named = dict(attrs)
        said = [named.get(name) for name in READ_ALOUD]
        if tag == "input" and named.get("type") in ("submit", "button"):
            said.append(named.get("value"))
        if not self._silent:
            self.found += [" ".join(text.split()) for text in said if text and text.strip()]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.append(" ".join(data.split()))


def english(page: str) -> list[str]:
    """Texts with a Latin word and without any Japanese."""
    latin, japanese = re.compile("[A-Za-z]{2,}"), re.compile("[ぁ-んァ-ヶ一-龥]")
    return sorted({text for text in Texts(page).found if latin.search(text) and not japanese.search(text)})
