"""System checks: a source that is missing or half made stops the boot with a hint, not a search at noon."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db.models import Model
from django.utils.module_loading import import_string

from search.registry import SearchSource, sources

_METHODS = ("eligible", "document", "visible_to", "cards", "labels", "synonyms", "watches", "fallback")


@register(Tags.models)
def check_sources(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """search.E001: a source cannot be loaded. search.E002: it lacks a part of the protocol."""
    try:
        found = sources()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        return [
            Error(f"SEARCH_SOURCES: {error}", hint="Name classes that offer registry.SearchSource.", id="search.E001")
        ]
    problems: list[CheckMessage] = []
    for name, source in found.items():
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
def check_reader(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """search.E003: nobody can say what a reader may see, so nobody may search."""
    hint = "Name a function: user → frozenset of audience tokens."
    try:
        reader = import_string(settings.SEARCH_READER)
    except ImportError as error:
        return [Error(f"SEARCH_READER: {error}", hint=hint, id="search.E003")]
    return [] if callable(reader) else [Error("SEARCH_READER is no function.", hint=hint, id="search.E003")]


@register(Tags.compatibility)
def check_dictionary(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """search.E004: the dictionary that settings name is not installed. search.W001: a size nobody knows."""
    size = settings.SEARCH_DICTIONARY
    if size not in ("small", "core", "full"):
        return [Warning(f"SEARCH_DICTIONARY is {size!r}", hint="small, core or full.", id="search.W001")]
    if find_spec(f"sudachidict_{size}") is None:
        return [
            Error(f"SudachiDict-{size} is not installed.", hint=f"pip install SudachiDict-{size}", id="search.E004")
        ]
    return []
