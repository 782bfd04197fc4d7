"""Fixtures and settings of all tests: the page tree, the service account, the development data, hypothesis.

Tests run without migrations, which takes seconds instead of a minute. So the rows that Wagtail's migrations create (root
page, locale, site) and our indexes are created here, by the same ``ensure_tree`` that the product calls.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

hypothesis_settings.register_profile(
    "house",
    deadline=None,  # two cores and a database: a slow example is not a wrong one
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.load_profile("house")

MISSING_DATA = "SHARED_DATA is absent"
MISSING_SERVER = "no Elasticsearch to test with"  # tests/search/elasticsearch_server.py


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The development data (`SHARED_DATA`). A test that needs it is skipped if it is missing."""
    folder: Path = settings.SHARED_DATA
    if not folder.is_dir():
        pytest.skip(MISSING_DATA)
    return folder


@pytest.fixture(autouse=True)
def empty_figure_cache() -> None:
    """Clear the cached figures of other tests, because rows of two tests can have the same keys."""
    from learning.cache import figure_cache

    figure_cache.clear()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print one clear line for each kind of test that was skipped."""
    for reason, message in (
        (MISSING_DATA, f"SHARED_DATA ({settings.SHARED_DATA}) がない"),
        (MISSING_SERVER, "Java か Maven がなく、SEARCH_TEST_URL も設定されていない"),
    ):
        reports = terminalreporter.stats.get("skipped", [])
        if skipped := [report for report in reports if reason in str(report.longrepr)]:
            line = f"!!! {message}ため、{len(skipped)}件のテストを飛ばしました。"
            terminalreporter.write_line(line, red=True, bold=True)


def pytest_unconfigure() -> None:
    """Delete the folder of this run (config.settings.test creates it)."""
    if settings.VAR_DIR.name == f"manabi-test-{os.getpid()}":
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Create the page tree before the first test, outside every transaction."""
    with django_db_blocker.unblock():
        make_tree()


@pytest.fixture
def transactional_db(transactional_db: None) -> Iterator[None]:
    """A transactional test begins with an empty database, so create the page tree again."""
    make_tree()
    yield


def make_tree() -> None:
    from kb.items.page_tree import ensure_tree

    ensure_tree()


@pytest.fixture
def home(db: None) -> Any:
    """The home page, with an index for each type under it."""
    from kb.models import HomePage

    return HomePage.objects.get()


@pytest.fixture
def service_account(db: None) -> Any:
    """The account that owns every page and revision."""
    from organization.accounts import service_account as find

    return find()
