"""Preparing the demo while the search engine is down."""

import pytest
from django.core.management import CommandError, call_command

from demo.management.commands.prepare import Command


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://127.0.0.1:9x"], ids=["nobody there", "no address"])
def test_the_demo_starts_without_its_search_engine(db, settings, capsys, url):
    """The site works with reduced search; the worker builds the index when the engine is there."""
    settings.SEARCH_URL = url
    Command().build_index()
    assert "簡易検索で答えます" in capsys.readouterr().err


def test_settings_that_cannot_be_meant_end_it_before_anything_is_made(settings, tmp_path):
    settings.SEARCH_URL, settings.VAR_DIR = "elasticsearch", tmp_path / "var"
    with pytest.raises(CommandError, match=r"\ASEARCH_URL を読めません。.*（search\.E005）\Z"):
        call_command("prepare")
    assert not settings.VAR_DIR.exists()


def test_verifying_names_the_engine(db, settings, tmp_path, capsys):
    settings.SEARCH_EMBEDDED_PATH = tmp_path / "search.sqlite3"
    call_command("search_rebuild", verbosity=0)
    call_command("search_verify")
    assert f"検索エンジン：埋め込み（{settings.SEARCH_EMBEDDED_PATH}）" in capsys.readouterr().out
