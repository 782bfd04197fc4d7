"""The engine that settings choose. Nobody outside this package knows which one it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.signals import setting_changed

from search.engines.base import Engine
from search.engines.embedded import EmbeddedEngine


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The one engine of this process."""
    return EmbeddedEngine(settings.SEARCH_EMBEDDED_PATH)


@contextmanager
def temporary() -> Iterator[Engine]:
    """An engine of the same kind over nothing, thrown away afterwards (evaluation)."""
    with TemporaryDirectory(prefix="manabi-search-") as folder:
        yield EmbeddedEngine(Path(folder) / "search.sqlite3")


def _forget(*, setting: str, **_: object) -> None:
    if setting == "SEARCH_EMBEDDED_PATH":
        engine.cache_clear()


setting_changed.connect(_forget)  # only tests change settings while running
