"""Selects the engine that the settings name. Code outside this package does not know which engine is used."""

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


def engine_name() -> str:
    """Returns the name of the configured engine, to show it to people. No code outside this package may depend on
    the name."""
    return ELASTICSEARCH if settings.SEARCH_URL else EMBEDDED


def engine_location() -> str:
    """Returns the configured engine and its location, to show them to people."""
    if engine_name() == EMBEDDED:
        return f"埋め込み（{settings.SEARCH_EMBEDDED_PATH}）"
    parts = urlsplit(settings.SEARCH_URL)  # without user and password
    return f"Elasticsearch（{parts.scheme}://{parts.netloc.rpartition('@')[2]}）"


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Returns the engine of this process."""
    if engine_name() == ELASTICSEARCH:
        return _elasticsearch(settings.SEARCH_PREFIX)
    return EmbeddedEngine(settings.SEARCH_EMBEDDED_PATH)


@contextmanager
def temporary(name: str = "") -> Iterator[Engine]:
    """An empty engine that is deleted afterwards (for the evaluation).

    It is the configured engine, or the engine called `name`.
    """
    if (name or engine_name()) == ELASTICSEARCH:
        temporary_engine = _elasticsearch(f"{settings.SEARCH_PREFIX}-temporary-{uuid.uuid4().hex[:8]}")
        try:
            yield temporary_engine
        finally:
            temporary_engine.reset()
    else:
        with TemporaryDirectory(prefix="manabi-search-") as folder:
            yield EmbeddedEngine(Path(folder) / "search.sqlite3")


def _elasticsearch(prefix: str) -> Engine:
    # Imported here, because loading the client takes a third of a second, and most processes do not need it.
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


def _clear_cache(*, setting: str, **_: object) -> None:
    if setting.startswith("SEARCH_"):
        engine.cache_clear()


setting_changed.connect(_clear_cache)  # only tests change settings while the process runs
