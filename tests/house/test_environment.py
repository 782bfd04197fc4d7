"""Environment variables: read once, in one file, and documented for operators."""

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import distributions

import pytest
from packaging.specifiers import SpecifierSet

from tests.house import checkout

ENV = checkout.ROOT / "config" / "env.py"
# Django needs to be told where its settings are before any of them can be read; tests need a folder of their own.
MAY_NAME_SETTINGS = {"manage.py", "config/wsgi.py", "config/asgi.py", "config/settings/test.py"}


def variables():
    """The names that env.py reads."""
    return sorted(
        node.args[0].value
        for node in ast.walk(checkout.syntax(ENV))
        if isinstance(node, ast.Call) and checkout.dotted(node.func).startswith("_read.")
    )


def test_env_py_reads_some():
    assert "SECRET_KEY" in variables()


def test_nothing_else_reads_the_environment():
    violations = [
        f"{checkout.name(path)}:{node.lineno}"
        for path in [*checkout.python(), checkout.ROOT / "manage.py"]
        if path != ENV and checkout.name(path) not in MAY_NAME_SETTINGS
        for node in ast.walk(checkout.syntax(path))
        if isinstance(node, ast.Attribute) and checkout.dotted(node) in ("os.environ", "os.getenv", "os.environb")
    ]
    assert violations == []


@pytest.mark.parametrize("name", variables())
def test_each_variable_is_told_of(name):
    example = (checkout.ROOT / ".env.example").read_text("utf-8")
    operations = (checkout.ROOT / "docs/reference/operations.md").read_text("utf-8")
    assert re.search(rf"^#? ?{name}=", example, re.MULTILINE), f"{name} is not in .env.example"
    assert f"`{name}`" in operations, f"{name} is not in docs/reference/operations.md"


def test_the_example_names_no_other():
    example = (checkout.ROOT / ".env.example").read_text("utf-8")
    assert set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE)) == set(variables())


def test_the_web_server_does_not_look_for_garbage_among_what_stays():
    """In a separate process, because this one has loaded the settings already."""
    result = subprocess.run(
        [sys.executable, "-c", "import config.wsgi, gc; print(gc.get_freeze_count() > 10_000, gc.isenabled())"],
        cwd=checkout.ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout == "True True\n", result.stderr


def test_a_web_process_loads_the_search_engine_before_its_first_reader_asks() -> None:
    """Even if the server is down or its address is wrong, the check reports it and pages answer."""
    for url in ("http://127.0.0.1:9", "nonsense"):
        result = subprocess.run(
            [sys.executable, "-c", "import config.wsgi, sys; print('elasticsearch' in sys.modules)"],
            cwd=checkout.ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.demo", "SEARCH_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.stdout.split() == ["True"], result.stderr


def test_every_pinned_package_runs_on_the_python_of_debian_12():
    """README and script/setup promise Python 3.11; a fresh Debian 12 has 3.11.2."""
    refused = {
        package.name: needs
        for package in distributions()
        if (needs := package.metadata.get("Requires-Python")) and "3.11.2" not in SpecifierSet(needs)
    }
    assert refused == {}
