"""Imported references are found as soon as they are indexed, and disappear as soon as their source is withdrawn."""

import json

import pytest

from kb.models import ReferenceSource
from kb.references.loading import ImportJob, import_references
from kb.references.sources import SourceFacts, set_withdrawn
from search.models import PendingChange
from tests.factories.organization import make_user

pytestmark = pytest.mark.django_db
ROWS = (
    {
        "id": "1",
        "title": "紙の控え",
        "text": "## 見出し\n\n<div class=kamishibai>**名簿**は紙でも</div>",
        "unit": "砂原県",
    },
    {"id": "2", "title": "Torque of fittings", "text": "The hose leaked.", "language": "en"},
)


@pytest.fixture
def imported(index, tmp_path, refresh):
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    import_references(ImportJob(path=path, facts=SourceFacts("test", label="となりの市の事例集"), commit=True))
    refresh()
    return ReferenceSource.objects.get()


@pytest.fixture
def office():
    return make_user("kanri", is_superuser=True)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("名簿", "紙の控え"),
        ("砂原県", "紙の控え"),
        ("torque", "Torque of fittings"),
        ("leaked hose", "Torque of fittings"),
    ],
)
def test_found_by_words_and_unit(imported, find, office, query, title):
    assert find(office, query)[:1] == [title]


def test_found_by_the_name_of_the_source(imported, find, office):
    assert set(find(office, "となりの市の事例集")) == {row["title"] for row in ROWS}


def test_markup_is_neither_found_nor_shown(imported, find, office, client):
    assert find(office, "kamishibai") == []
    page = client.get("/search/", {"q": "名簿"}).content.decode()
    assert "##" not in page and "&lt;div" not in page


def test_the_type_facet_names_references(imported, find, office, client):
    find(office, "名簿")
    page = client.get("/search/", {"q": "名簿"}).content.decode()
    assert 'value="reference"' in page and "外部の事例" in page


def test_a_withdrawn_source_disappears_at_once_and_then_from_the_index(imported, index, find, office, refresh):
    set_withdrawn(source=imported, withdrawn=True, by=office)
    assert find(office, "名簿") == []  # gate two: the worker has not run
    refresh()
    assert list(index.entries()) == []


def test_a_restored_source_is_found_again(imported, find, office, refresh):
    set_withdrawn(source=imported, withdrawn=True, by=office)
    refresh()
    set_withdrawn(source=imported, withdrawn=False, by=office)
    refresh()
    assert find(office, "名簿") == ["紙の控え"]
    assert not PendingChange.objects.exists()
