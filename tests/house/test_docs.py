"""The docs name every command, every setting and every id of a system check."""

import re

import pytest
from django.apps import apps
from django.core.management import get_commands

from tests.house import checkout

OURS = ("organization", "kb", "learning", "search", "demo")


def docs():
    pages = [*(checkout.ROOT / "docs").rglob("*.md"), checkout.ROOT / "README.md"]
    return "\n".join(page.read_text("utf-8") for page in pages if page.is_file())


def commands():
    """Each management command of ours, by its file: `get_commands` knows only what this run has installed."""
    return sorted(
        path.stem for path in checkout.python(*OURS) if path.parent.name == "commands" and not path.stem.startswith("_")
    )


def check_ids():
    """Every id (`organization.E001`) that a system check of ours may print."""
    pattern = re.compile(rf'"((?:{"|".join(OURS)})\.[EWI]\d{{3}})"')
    return sorted({match for path in checkout.python(*OURS) for match in pattern.findall(path.read_text("utf-8"))})


def scripts():
    match = [path for path in (checkout.ROOT / "script").iterdir() if path.is_file() and not path.suffix]
    return sorted(path.name for path in match if path.stat().st_mode & 1)


@pytest.mark.parametrize("command", commands())
def test_each_command_is_in_the_docs(command):
    assert re.search(rf"\b{command}\b", docs()), f"manage.py {command} is nowhere in docs/"


def test_each_command_can_be_run():
    installed = {name for name, app in get_commands().items() if app in OURS}
    assert installed == set(commands()) & installed
    assert all(apps.is_installed(app) for app in OURS)


@pytest.mark.parametrize("check", check_ids())
def test_each_system_check_is_in_the_docs(check):
    assert check in docs(), f"{check} is nowhere in docs/"


@pytest.mark.parametrize("check", check_ids())
def test_each_system_check_is_tested(check):
    """Nobody would notice a check that never reports."""
    tests = "\n".join(path.read_text("utf-8") for path in (checkout.ROOT / "tests").rglob("*.py"))
    assert f'"{check}"' in tests, f"{check} is in no test"


@pytest.mark.parametrize("script", scripts())
def test_each_script_is_in_the_docs(script):
    assert f"script/{script}" in docs(), f"script/{script} is nowhere in docs/"


def test_links_between_the_docs_lead_somewhere():
    broken = [
        f"{checkout.name(page)} -> {target}"
        for page in checkout.text_files(".md")
        if checkout.ROOT / "static" / "vendor" not in page.parents
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


CITED_TEST = re.compile(r"`(?:(?P<file>(?:tests/)?[\w/]*test_\w+\.py))?(?:::(?P<scope>[\w:]+))?`")


def cited_tests():
    """(page, file, test) of each test that a page of docs/ names; a bare `::test_…` is of the file named before it."""
    for page in sorted((checkout.ROOT / "docs").rglob("*.md")):
        file = ""
        for match in CITED_TEST.finditer(page.read_text("utf-8")):
            if not any(match.groups()):
                continue
            file = match["file"] or file
            yield checkout.name(page), file, (match["scope"] or "").rpartition(":")[2]


@pytest.mark.parametrize(("page", "file", "test"), sorted(set(cited_tests())))
def test_each_test_that_the_docs_name_exists(page, file, test):
    named = [
        path for path in checkout.files() if checkout.name(path) == file or checkout.name(path).endswith(f"/{file}")
    ]
    assert len(named) == 1, f"{page}: {file}"
    assert not test or re.search(rf"(?:def|class) {test}\b", named[0].read_text("utf-8")), f"{page}: {file}::{test}"
