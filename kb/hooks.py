"""What the rooms above take part in: told that something happened here, or asked what they add to a page.

Settings name their functions by dotted path, as Django names authentication backends, so that kb never
imports a room above it and sends no signal to one. Functions run in the caller's transaction: if one fails,
so does the doing. It refuses to swallow what they raise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.utils.module_loading import import_string

from kb.models import Item

SETTINGS = ("KB_PUBLISHED", "KB_ITEM_PARTS", "KB_HOME_PARTS")


@dataclass(frozen=True)
class ItemPart:
    """A part of an item's page, or of the home page, that belongs to another room: a template and what it shows, trimmed to the reader."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    #: Above the item's text, for what its reader has just done; below it otherwise.
    leads: bool = False


@lru_cache(maxsize=len(SETTINGS))
def _functions(setting: str) -> tuple[Callable[..., Any], ...]:
    return tuple(import_string(path) for path in getattr(settings, setting))


def published(item: Item) -> None:
    """Tell each function of ``settings.KB_PUBLISHED`` (called with `item=`) that the item was published."""
    for told in _functions("KB_PUBLISHED"):
        told(item=item)


def item_parts(request: HttpRequest, item: Item) -> list[ItemPart]:
    """What ``settings.KB_ITEM_PARTS`` (called with request and item; any number of ItemPart) add to the item's page."""
    return [part for ask in _functions("KB_ITEM_PARTS") for part in ask(request, item)]


def home_parts(request: HttpRequest) -> list[ItemPart]:
    """What ``settings.KB_HOME_PARTS`` (called with the request; ItemPart or None) add to the home page."""
    parts = (ask(request) for ask in _functions("KB_HOME_PARTS"))
    return [part for part in parts if part is not None]


def _forget(*, setting: str, **_: Any) -> None:
    if setting in SETTINGS:
        _functions.cache_clear()


setting_changed.connect(_forget)  # only tests change settings while running
