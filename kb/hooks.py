"""Hooks for the rooms above: they learn that an item was published, and add parts to the pages of kb.

Settings name their functions by dotted path, as Django names authentication backends. So kb imports no room above it.
The functions run in the transaction of the caller. Their exceptions are not caught: if one fails, the whole action
fails.
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
    """A part that another room adds to an item's page or to the home page. Its context holds only what the reader may see."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    #: True: above the text of the item, for what concerns what the reader has just done. False: below it.
    leads: bool = False


@lru_cache(maxsize=len(SETTINGS))
def _functions(setting: str) -> tuple[Callable[..., Any], ...]:
    return tuple(import_string(path) for path in getattr(settings, setting))


def published(item: Item) -> None:
    """Call each function in ``settings.KB_PUBLISHED`` with `item=`, after its publication."""
    for function in _functions("KB_PUBLISHED"):
        function(item=item)


def item_parts(request: HttpRequest, item: Item) -> list[ItemPart]:
    """The parts of an item's page that the functions in ``settings.KB_ITEM_PARTS`` return for (request, item)."""
    return [part for function in _functions("KB_ITEM_PARTS") for part in function(request, item)]


def home_parts(request: HttpRequest) -> list[ItemPart]:
    """The parts of the home page: each function in ``settings.KB_HOME_PARTS`` returns one or None for (request)."""
    parts = (function(request) for function in _functions("KB_HOME_PARTS"))
    return [part for part in parts if part is not None]


def _clear_cache(*, setting: str, **_: Any) -> None:
    if setting in SETTINGS:
        _functions.cache_clear()


setting_changed.connect(_clear_cache)  # only tests change settings while running
