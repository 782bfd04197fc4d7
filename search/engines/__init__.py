"""The engine that settings choose. Nobody outside this package knows which one it is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed

from search.engines.base import Engine
from search.engines.embedded import EmbeddedEngine

EMBEDDED, ELASTICSEARCH = "embedded", "elasticsearch"


def chosen() -> str:
    """The name of the engine that settings choose, to be shown to people and to nothing else."""
    return ELASTICSEARCH if settings.SEARCH_URL else EMBEDDED


def where() -> str:
    """Which engine it is and where, to be shown to people."""
    if chosen() == EMBEDDED:
        return f"埋め込み（{settings.SEARCH_EMBEDDED_PATH}）"
    parts = urlsplit(settings.SEARCH_URL)  # without the user and password that it may hold
    return f"Elasticsearch（{parts.scheme}://{parts.netloc.rpartition('@')[2]}）"


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The one engine of this process."""
    if chosen() == ELASTICSEARCH:
        return _elasticsearch(settings.SEARCH_PREFIX)
    return EmbeddedEngine(settings.SEARCH_EMBEDDED_PATH)


@contextmanager
def temporary(name: str = "") -> Iterator[Engine]:
    """An engine over nothing, thrown away afterwards (evaluation): of the chosen kind, or of the one that is named."""
    if (name or chosen()) == ELASTICSEARCH:
        made = _elasticsearch(f"{settings.SEARCH_PREFIX}-temporary-{uuid.uuid4().hex[:8]}")
        try:
            yield made
        finally:
            made.reset()
    else:
        with TemporaryDirectory(prefix="manabi-search-") as folder:
            yield EmbeddedEngine(Path(folder) / "search.sqlite3")


def _elasticsearch(prefix: str) -> Engine:
    # Its client takes a third of a second to load, and most processes have no use for it.
    from search.engines.elasticsearch import ElasticsearchEngine
    from search.engines.elasticsearch_client import Server

    server = Server(
        url=settings.SEARCH_URL,
        api_key=settings.SEARCH_API_KEY,
        user=settings.SEARCH_USER,
        password=settings.SEARCH_PASSWORD,
        ca=settings.SEARCH_CA,
    )
    return ElasticsearchEngine(server, prefix)


def _forget(*, setting: str, **_: object) -> None:
    if setting.startswith("SEARCH_"):
        engine.cache_clear()


setting_changed.connect(_forget)  # only tests change settings while running
