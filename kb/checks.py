"""System checks of kb. If a developer forgets a convention, the site does not start, and a hint is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Error, register
from django.utils.module_loading import import_string

from kb.formats.loading import read_format


@register()
def formats_can_be_read(app_configs: Any, **_: Any) -> list[Error]:
    """kb.E001: every data file of RETROSPECTIVE_FORMATS_DIR contains a complete format."""
    errors = []
    for path in sorted(Path(settings.RETROSPECTIVE_FORMATS_DIR).glob("*.toml")):
        try:
            read_format(path)
        except ValueError as error:
            errors.append(
                Error(str(error), hint="docs/conventions.md に書式ファイルの書き方があります。", id="kb.E001")
            )
    return errors


@register()
def item_types_have_a_prefix(app_configs: Any, **_: Any) -> list[Error]:
    """kb.E002: every item type that can be created has an id prefix of its own, so that no two items get the same
    public id.
    """
    from kb.models import Item

    types = [model for model in _subclasses(Item) if model.is_creatable]
    prefixes = [model.PREFIX for model in types]
    return [
        Error(f"{model.__name__}.PREFIX {model.PREFIX!r} is empty or taken", id="kb.E002")
        for model in types
        if not model.PREFIX or prefixes.count(model.PREFIX) > 1
    ]


@register()
def item_types_name_what_exists(app_configs: Any, **_: Any) -> list[Error]:
    """kb.E004: every dotted path of an item type can be imported, and every type with HAS_OWN_REVIEW has an
    EDIT_PERMISSION.
    """
    from kb.models.items.item_queries import item_types

    hint = 'docs/conventions.md, "A new item type"'
    errors = []
    for model in item_types():
        for name in ("FORM", "PAGE_CONTEXT", "EDIT_PERMISSION", "PREVIEW"):
            path = getattr(model, name)
            try:
                if path:
                    import_string(path)
            except ImportError as error:
                errors.append(Error(f"{model.__name__}.{name}: {error}", hint=hint, id="kb.E004"))
        if model.HAS_OWN_REVIEW and not model.EDIT_PERMISSION:
            errors.append(Error(f"{model.__name__} has no EDIT_PERMISSION", hint=hint, id="kb.E004"))
    return errors


def _subclasses(model: Any) -> list[Any]:
    return [sub for child in model.__subclasses__() for sub in (child, *_subclasses(child))]


_FUNCTION_LISTS = ("KB_PUBLISHED", "KB_ITEM_PARTS", "KB_HOME_PARTS")


@register()
def named_functions_can_be_loaded(app_configs: object, **_: object) -> list[Error]:
    """kb.E003: KB_PUBLISHED, KB_ITEM_PARTS and KB_HOME_PARTS are lists of functions. LOGIN_CARDS names one function or
    is empty.

    Without this check, a wrong path would fail only when it is first used. For KB_PUBLISHED that is the first
    publication.
    """
    errors = [_function_error(name, path) for name in _FUNCTION_LISTS for path in _paths(getattr(settings, name))]
    if settings.LOGIN_CARDS:
        errors.append(_function_error("LOGIN_CARDS", settings.LOGIN_CARDS))
    return [error for error in errors if error is not None]


def _paths(value: object) -> list[object]:
    """Returns the entries of a setting. If the value is not a list, it counts as one wrong entry."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _function_error(setting: str, path: object) -> Error | None:
    hint = "Name a function by its dotted path (docs/reference/operations.md)."
    if not isinstance(path, str):
        return Error(f"{setting}: {path!r} is not a dotted path.", hint=hint, id="kb.E003")
    try:
        function = import_string(path)
    except ImportError as error:
        return Error(f"{setting}: {error}", hint=hint, id="kb.E003")
    return None if callable(function) else Error(f"{setting}: {path} is not a function.", hint=hint, id="kb.E003")
