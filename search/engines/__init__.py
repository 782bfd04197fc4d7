"""The engine that settings choose. Nobody outside this package knows which one it is."""

from functools import lru_cache

from django.conf import settings
from django.core.signals import setting_changed

from search.engines.base import Engine
from search.engines.embedded import EmbeddedEngine


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The one engine of this process."""
    return EmbeddedEngine(settings.SEARCH_EMBEDDED_PATH)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "SEARCH_EMBEDDED_PATH":
        engine.cache_clear()


setting_changed.connect(_forget)  # only tests change settings while running
