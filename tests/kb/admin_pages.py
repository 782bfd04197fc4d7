"""Helpers for tests of the admin: users of the offices, and the visible texts of a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from kb.admin.groups import sync_groups
from tests.factories.organization import make_staff, make_unit, make_user

SPOKEN_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt")
SILENT = ("script", "style", "noscript", "svg", "template")
#: A counter that Wagtail hides until it has a number.
COUNTER = re.compile(r"<div[^>]*toggle-counter.*?</div>", re.DOTALL)


def officer(client: Client, *duties: str, unit: Any = None) -> Any:
    """Log in a person whose post has these duties (the knowledge office by default). Returns the person."""
    person = make_staff(unit or make_unit(name="デジタル推進課"), duties=duties or ("km",))
    client.force_login(person.user)
    sync_groups(None, person.user)
    return person


def administrator(client: Client) -> Any:
    user = make_user("kanri", is_superuser=True)
    client.force_login(user)
    return user


class VisibleTexts(HTMLParser):
    """The texts of a page that are visible or read by a screen reader."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0
        self.feed(COUNTER.sub("", page))

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._silent += tag in SILENT
        values = dict(attrs)
        texts = [values.get(name) for name in SPOKEN_ATTRIBUTES]
        if tag == "input" and values.get("type") in ("submit", "button"):
            texts.append(values.get("value"))
        if not self._silent:
            self.texts += [" ".join(text.split()) for text in texts if text and text.strip()]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.texts.append(" ".join(data.split()))


def english_texts(page: str) -> list[str]:
    """The texts of the page that have a Latin word and no Japanese."""
    latin, japanese = re.compile("[A-Za-z]{2,}"), re.compile("[ぁ-んァ-ヶ一-龥]")
    return sorted({text for text in VisibleTexts(page).texts if latin.search(text) and not japanese.search(text)})
