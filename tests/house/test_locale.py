"""Our Japanese catalogue over Wagtail's: the compiled file matches its source, and no translation is empty."""

import gettext
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "locale").rglob("*.po"))
PLACE = re.compile(r"%\((\w+)\)[sd]")


def catalogue(path: Path) -> dict:
    with path.open("rb") as file:
        return dict(gettext.GNUTranslations(file)._catalog)


def texts(path: Path) -> dict:
    """Translation by English text, without the header."""
    return {(key[0] if isinstance(key, tuple) else key): text for key, text in catalogue(path).items() if key}


def test_both_catalogues_are_there():
    assert [path.name for path in FILES] == ["django.po", "djangojs.po"]


@pytest.mark.parametrize("po", FILES, ids=lambda path: path.name)
def test_the_compiled_catalogue_is_what_the_source_says(po, tmp_path):
    compiled = tmp_path / "now.mo"
    subprocess.run(["msgfmt", "--output-file", str(compiled), str(po)], check=True)
    assert catalogue(compiled) == catalogue(po.with_suffix(".mo")), "run script/translate"


@pytest.mark.parametrize("po", FILES, ids=lambda path: path.name)
def test_every_text_is_translated(po):
    assert 'msgstr ""\n\n' not in po.read_text(encoding="utf-8").partition("\n\n")[2]


@pytest.mark.parametrize("po", FILES, ids=lambda path: path.name)
def test_no_translation_asks_for_a_value_that_is_not_given(po):
    requested = {
        key: set(PLACE.findall(text)) - set(PLACE.findall(key)) for key, text in texts(po.with_suffix(".mo")).items()
    }
    # A singular may be written without its number; the plural beside it has it.
    assert {
        key: names for key, names in requested.items() if names - {"counter", "num_user", "num", "number", "count"}
    } == {}
