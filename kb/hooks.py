"""Hooks for the rooms above kb. These rooms are told when an item is published, and they add parts to the pages of kb.

Settings name the functions by dotted path, in the same way as Django's setting for authentication backends. So kb
imports no room above it. The functions run in the transaction of the caller. Their exceptions are not caught: if one
function fails, the whole action fails.
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
    """A part that another room adds to an item's page or to the home page. Its context contains only what the reader
    may see.
    """

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    #: True: the part is shown above the text of the item, because it is about something that the reader has just done.
    #: False: it is shown below the text.
    leads: bool = False


@lru_cache(maxsize=len(SETTINGS))
def _functions(setting: str) -> tuple[Callable[..., Any], ...]:
    return tuple(import_string(path) for path in getattr(settings, setting))


def published(item: Item) -> None:
    """Calls each function in ``settings.KB_PUBLISHED`` with `item=`. Call this after the item was published."""
    for function in _functions("KB_PUBLISHED"):
        function(item=item)


def item_parts(request: HttpRequest, item: Item) -> list[ItemPart]:
    """Returns the parts of an item's page. Each function in ``settings.KB_ITEM_PARTS`` is called with (request, item)
    and returns a list.
    """
    return [part for function in _functions("KB_ITEM_PARTS") for part in function(request, item)]


def home_parts(request: HttpRequest) -> list[ItemPart]:
    """Returns the parts of the home page. Each function in ``settings.KB_HOME_PARTS`` is called with (request) and
    returns one part or None.
    """
    parts = (function(request) for function in _functions("KB_HOME_PARTS"))
    return [part for part in parts if part is not None]


def _clear_cache(*, setting: str, **_: Any) -> None:
    if setting in SETTINGS:
        _functions.cache_clear()


setting_changed.connect(_clear_cache)  # Settings change while the program runs only in tests.
