"""{% icon "search" %}: an icon of the sprite, rendered once by components/icon.html and then cached.

A page of search results shows about fifty icons. Rendering each of them with an included template took a tenth of the
page's time. Every template has this tag without loading it (settings, `builtins`).
"""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.core.signals import setting_changed
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=256)  # names are written in templates, so there are not many
def icon(name: str, size: str = "") -> SafeString:
    """An icon by its id in static/components/sprite.svg; `size` "l" for a large one."""
    return render_to_string("components/icon.html", {"name": name, "size": size})


def _forget(*, setting: str, **_: object) -> None:
    if setting in ("STATIC_URL", "STORAGES"):
        icon.cache_clear()


setting_changed.connect(_forget)  # only tests change settings at run time
