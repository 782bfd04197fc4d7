"""System checks. The checks report errors in sources and in engine settings when Django starts, and give a hint."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db.models import Model
from django.utils.module_loading import import_string

from search.engines import engine
from search.engines.connection_settings import HINT, unsendable_settings
from search.registry import SearchSource, sources

_PREFIX = re.compile("[a-z][a-z0-9-]{0,39}")
_METHODS = ("eligible", "document", "visible_to", "cards", "labels", "synonyms", "watches", "fallback")


@register(Tags.models)
def check_sources(app_configs: object, **_: object) -> list[CheckMessage]:
    """search.E001: a source cannot be loaded. search.E002: a source does not implement the protocol."""
    try:
        by_name = sources()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        return [
            Error(f"SEARCH_SOURCES: {error}", hint="Name classes that offer registry.SearchSource.", id="search.E001")
        ]
    problems: list[CheckMessage] = []
    for name, source in by_name.items():
        missing = [method for method in _METHODS if not callable(getattr(source, method, None))]
        if not (isinstance(getattr(source, "model", None), type) and issubclass(source.model, Model)):
            missing.append("model")
        if not name.isidentifier() or not name.isascii():
            missing.append("name (ASCII letters)")
        if missing:
            problems.append(
                Error(
                    f"search source {name!r} lacks: {', '.join(missing)}", hint=SearchSource.__doc__, id="search.E002"
                )
            )
    return problems


@register(Tags.models)
def check_reader(app_configs: object, **_: object) -> list[CheckMessage]:
    """search.E003: SEARCH_READER is not a function, so the audience tokens of readers are unknown."""
    hint = "Name a function: user → frozenset of audience tokens."
    try:
        reader = import_string(settings.SEARCH_READER)
    except ImportError as error:
        return [Error(f"SEARCH_READER: {error}", hint=hint, id="search.E003")]
    return [] if callable(reader) else [Error("SEARCH_READER is no function.", hint=hint, id="search.E003")]


@register(Tags.compatibility)
def check_dictionary(app_configs: object, **_: object) -> list[CheckMessage]:
    """search.E004: the configured dictionary is not installed. search.W001: its size is unknown."""
    size = settings.SEARCH_DICTIONARY
    if size not in ("small", "core", "full"):
        return [Warning(f"SEARCH_DICTIONARY is {size!r}", hint="small, core or full.", id="search.W001")]
    if find_spec(f"sudachidict_{size}") is None:
        return [
            Error(f"SudachiDict-{size} is not installed.", hint=f"pip install SudachiDict-{size}", id="search.E004")
        ]
    return []


@register(Tags.compatibility)
def check_engine_settings(app_configs: object, **_: object) -> list[CheckMessage]:
    """search.E005–E009: the settings of the engine are invalid. This check does not contact a server."""
    if not settings.SEARCH_URL:
        return []
    problems: list[CheckMessage] = []
    parts = urlsplit(settings.SEARCH_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname or not _port(settings.SEARCH_URL):
        hint = "https://search.example:9200 のように、http か https、名前、ポート番号を書いてください。"
        problems.append(Error("SEARCH_URL を読めません。", hint=hint, id="search.E005"))
    if settings.SEARCH_CA and not Path(settings.SEARCH_CA).is_file():
        hint = "サーバーの証明書の発行元の証明書（PEM）のファイルを指定してください。"
        problems.append(
            Error(f"SEARCH_CA のファイルがありません（{settings.SEARCH_CA}）。", hint=hint, id="search.E006")
        )
    if settings.SEARCH_API_KEY and (settings.SEARCH_USER or settings.SEARCH_PASSWORD or parts.username):
        hint = "API キーか、利用者名とパスワードの、どちらか一方にしてください。"
        problems.append(Error("SEARCH_API_KEY と利用者名の両方があります。", hint=hint, id="search.E007"))
    if not _PREFIX.fullmatch(settings.SEARCH_PREFIX):
        hint = "英小文字で始まる、英小文字・数字・ハイフンの40文字までにしてください。"
        problems.append(Error("SEARCH_PREFIX は索引の名前に使えません。", hint=hint, id="search.E008"))
    names = unsendable_settings(
        url=settings.SEARCH_URL,
        api_key=settings.SEARCH_API_KEY,
        user=settings.SEARCH_USER,
        password=settings.SEARCH_PASSWORD,
    )
    if names:
        problems.append(Error(f"{names} に、検索サーバーに送れない文字があります。", hint=HINT, id="search.E009"))
    return problems


@register(Tags.database)
def check_engine(app_configs: object, databases: object = None, **_: object) -> list[CheckMessage]:
    """search.W002: the engine reports a fault. This check runs only with `check --database`, because it contacts the
    server."""
    if not databases or check_engine_settings(None):
        return []
    return [Warning(line, id="search.W002") for line in engine().health()]


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None
