"""The limits between rooms (docs/conventions.md): imports, foreign keys, access to engines, names of modules."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey

from tests.house import checkout

# A room knows itself and those below it; search is beside them and is known by key only.
KNOWS = {
    "organization": {"organization"},
    "kb": {"kb", "organization"},
    "learning": {"learning", "kb", "organization"},
    "demo": {"demo", "learning", "kb", "organization"},
    "imports": {"imports"},
    "search": {"search"},
}
DRAWER_FILES = {"services", "selectors", "utils", "helpers"}
DRAWER_FOLDERS = DRAWER_FILES | {"core", "common"}


def test_imports_keep_to_their_layers():
    """The contracts are in pyproject.toml. Those within a room require a place for every module."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=checkout.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def our_models():
    return [model for app in KNOWS if apps.is_installed(app) for model in apps.get_app_config(app).get_models()]


def test_no_foreign_key_points_upward():
    """Django accepts a model name as a string, which import-linter does not see."""
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in our_models()
        for field in model._meta.get_fields(include_hidden=True)
        if field.is_relation
        and not field.auto_created
        and field.related_model is not None
        and field.related_model._meta.app_label in KNOWS
        and field.related_model._meta.app_label not in KNOWS[model._meta.app_label]
    ]
    assert upward == []


def test_no_generic_foreign_key_in_kb_or_organization():
    """A generic foreign key can point upward without naming a model."""
    generic = [
        f"{model._meta.label}.{field.name}"
        for model in our_models()
        if model._meta.app_label in ("kb", "organization")
        for field in model._meta.private_fields
        if isinstance(field, GenericForeignKey) and field.model is model
    ]
    assert generic == []


def test_organization_never_points_at_a_page():
    """User and the first Page in one app would make the migrations circular."""
    from wagtail.models import Page

    related = {
        f"{model._meta.label}.{field.name}": field.related_model
        for model in apps.get_app_config("organization").get_models()
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model
    }
    pages = [field for field, model in related.items() if issubclass(model, Page)]
    assert pages == []


def test_nobody_keeps_a_drawer():
    """A file is named for what it does, and "utils" says nothing."""
    drawers = [
        checkout.name(path)
        for path in checkout.python()
        if path.stem in DRAWER_FILES or DRAWER_FOLDERS & set(path.parent.parts)
    ]
    assert drawers == []


def test_nobody_but_search_knows_how_things_are_found():
    """The one exception is a module called search_source, and it sees search.documents only."""
    violations = [
        f"{checkout.name(path)}:{line} {module}"
        for path in checkout.python("imports", "organization", "kb", "learning")
        for line, module in checkout.imports(path)
        if module.split(".")[0] in ("search", "elasticsearch")
        and not (path.stem == "search_source" and module.startswith("search.documents"))
    ]
    assert violations == []


def test_nothing_in_a_room_imports_its_search_source():
    violations = [
        f"{checkout.name(path)}:{line}"
        for path in checkout.python("imports", "organization", "kb", "learning", "demo")
        for line, module in checkout.imports(path)
        if "search_source" in module.split(".") and path.stem != "search_source"
    ]
    assert violations == []


@pytest.mark.parametrize("room", ["organization", "kb", "learning", "search"])
def test_readers_get_pages_through_the_policy_only(room):
    """`Page.objects` in a view would bypass the access policy."""
    violations = [
        f"{checkout.name(path)}:{number}"
        for path in checkout.python(room)
        if "views" in path.relative_to(checkout.ROOT).as_posix()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\bPage\.objects\b", line)
    ]
    assert violations == []


ENGINE_WRITES = {"write", "create", "swap", "drop", "reset"}
WRITERS = {"search/indexing.py", "search/generations.py"}


def engine_calls(path):
    """(line, method) of every call on something called an engine."""
    for node in ast.walk(checkout.syntax(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = node.func.value
            name = checkout.dotted(receiver.func) if isinstance(receiver, ast.Call) else checkout.dotted(receiver)
            if name.split(".")[-1].lstrip("_") == "engine":
                yield node.lineno, node.func.attr


def outside_the_engines():
    return [path for path in checkout.python() if not checkout.name(path).startswith("search/engines/")]


def test_an_engine_is_written_in_two_modules_only():
    """Other code could write without versions, or inside a transaction that is rolled back."""
    violations = [
        f"{checkout.name(path)}:{line} engine.{method}"
        for path in outside_the_engines()
        if checkout.name(path) not in WRITERS
        for line, method in engine_calls(path)
        if method in ENGINE_WRITES
    ]
    assert violations == []


def test_an_engine_is_asked_by_the_pipeline_only():
    """Other code could query it without the reader's permissions."""
    violations = [
        f"{checkout.name(path)}:{line}"
        for path in outside_the_engines()
        if checkout.name(path) != "search/pipeline.py" and "management" not in path.parts
        for line, method in engine_calls(path)
        if method == "search"
    ]
    assert violations == []


def test_no_engine_shows_outside_its_package():
    violations = [
        f"{checkout.name(path)}:{line} {module}"
        for path in outside_the_engines()
        for line, module in checkout.imports(path)
        if module.startswith(("search.engines.embedded", "search.engines.elasticsearch", "elasticsearch", "sqlite3"))
    ]
    assert violations == []
