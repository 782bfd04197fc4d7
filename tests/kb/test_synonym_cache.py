"""The cache of terms and themes: few queries, and a change in any process applies at once."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from kb.models import Term, Theme
from kb.synonym_cache import vocabulary
from organization.models.unit import TreeStamp
from organization.units import tree

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def words():
    Theme.objects.create(code="bosai", label="防災")
    Term.objects.create(label="避難所", kana="ひなんじょ", synonyms=["避難先"])


def terms():
    return set(vocabulary().terms)


def test_a_cache_hit_costs_one_query_for_the_stamp(django_assert_num_queries):
    vocabulary()
    with django_assert_num_queries(1):
        assert vocabulary().themes == {"bosai": "防災"}


def test_new_and_changed_terms_apply_at_once():
    vocabulary()
    Term.objects.create(label="給水車", synonyms=["応急給水"])
    assert ("給水車", "応急給水") in terms()
    term = Term.objects.get(label="給水車")
    term.synonyms = ["水を配る車"]
    term.save()
    assert ("給水車", "水を配る車") in terms()
    term.delete()
    assert terms() == {("避難所", "避難先")}


def test_a_new_label_of_a_theme_applies_at_once():
    vocabulary()
    Theme.objects.filter(code="bosai").update(label="防災・危機管理")
    assert vocabulary().themes["bosai"] == "防災・危機管理"


def test_a_change_in_another_process_is_seen_at_the_next_call():
    vocabulary()
    # As in another process: its signals change the stamp in the database, and this process receives none.
    Term.objects.all()._raw_delete("default")
    TreeStamp.objects.update(value="00000000-0000-0000-0000-000000000001")
    assert terms() == set()


@pytest.fixture(params=[False, True], ids=["by a command", "within a request"])
def perhaps_within_a_request(request):
    if request.param:
        tree.begin_request()
    yield
    tree.end_request()


def test_a_rolled_back_change_is_not_cached(perhaps_within_a_request):
    """Also within one request: after a form was refused and rolled back, the page shows the stored words."""
    vocabulary()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Term.objects.create(label="給水車", synonyms=[])
        assert ("給水車",) in terms()
        raise ZeroDivisionError
    assert terms() == {("避難所", "避難先")}


def test_without_a_stamp_nothing_is_cached():
    TreeStamp.objects.all().delete()
    vocabulary()
    Term.objects.all()._raw_delete("default")
    assert terms() == set()


def test_a_bulk_update_changes_the_stamp_after_the_rows():
    """In the other order, another process could cache the old rows under the new stamp."""
    with CaptureQueriesContext(connection) as asked:
        Theme.objects.update(label="防災・危機管理")
    written = [query["sql"] for query in asked if query["sql"].startswith(("UPDATE", "INSERT"))]
    assert "kb_theme" in written[0] and "organization_treestamp" in written[-1]
