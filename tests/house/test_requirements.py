"""Every requirement is used: it is imported somewhere, or named here with the reason why it is not."""

import re
from importlib.metadata import packages_distributions

import pytest

from tests.house import checkout

#: Requirements that no file of ours imports.
NOT_IMPORTED = {
    "granian": "the web server: script/server starts it",
    "sudachidict-small": "the dictionary that SudachiPy loads",
    "psycopg": "Django's driver of PostgreSQL",
    "markdown": "imported as `markdown`, in the child process too",
    "soupsieve": "only held below a version that needs a newer Python",
    "pytest-django": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
    "ruff": "script/test runs it",
    "mypy": "script/test runs it",
    "django-stubs": "types that mypy reads",
    "djlint": "script/test runs it",
    "import-linter": "script/test runs it",
}


def requirements(file: str) -> list[str]:
    lines = (checkout.ROOT / "requirements" / file).read_text("utf-8").splitlines()
    names = (re.match(r"[A-Za-z0-9][\w.-]*", line) for line in lines)
    return [re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name]


@pytest.mark.parametrize(
    ("file", "rooms"), [("base.in", (*checkout.ROOMS, "script")), ("dev.in", (*checkout.ROOMS, "tests"))]
)
def test_every_requirement_is_imported_or_has_a_reason(file, rooms):
    top_level = {name.split(".")[0] for path in checkout.python(*rooms) for _, name in checkout.imports(path)}
    top_level |= {app.split(".")[0] for app in settings_apps()}
    used = {
        re.sub(r"[-_.]+", "-", distribution).lower()
        for package, distributions in packages_distributions().items()
        if package in top_level
        for distribution in distributions
    }
    assert [name for name in requirements(file) if name not in used | NOT_IMPORTED.keys()] == []


def test_every_reason_is_needed():
    assert NOT_IMPORTED.keys() - {*requirements("base.in"), *requirements("dev.in")} == set()


def settings_apps() -> list[str]:
    from django.conf import settings

    return [*settings.INSTALLED_APPS, *settings.MIDDLEWARE]
