"""The template tag {% icon "search" %} shows an icon of the sprite.

The tag renders each icon once with components/icon.html and caches the result, because a page of search results shows
about fifty icons. Rendering each icon with an included template took a tenth of the page's time. Templates need not
load this tag (see `builtins` in the settings).
"""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.core.signals import setting_changed
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=256)  # Icon names are written in templates, so the cache contains only a few entries.
def icon(name: str, size: str = "") -> SafeString:
    """Returns the icon with the id `name` in static/components/sprite.svg. The `size` "l" makes the icon large."""
    return render_to_string("components/icon.html", {"name": name, "size": size})


def _forget(*, setting: str, **_: object) -> None:
    if setting in ("STATIC_URL", "STORAGES"):
        icon.cache_clear()


setting_changed.connect(_forget)  # Only tests change settings while the process runs.
