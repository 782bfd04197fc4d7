"""A type of item that no module of search or kb names (tests/toy) is found by its own words, on either engine."""

import pytest

from search.access import Gate
from search.generations import fill
from search.pipeline import rank
from search.query import parse
from search.query_plan import plan_query
from search.registry import sources
from tests.factories.kb import send
from tests.factories.organization import make_staff, make_unit
from tests.toy.models import Memo


@pytest.mark.django_db
def test_a_new_type_of_item_is_found_and_has_a_card(engine):
    author = make_staff(make_unit())
    memo = send(Memo(title="朝礼を立って行う", idea="立つと短く終わる。", audience="unit"), author)
    fill(engine, [sources()["item"].document(memo)])
    request = parse({"q": ["短く終わる"], "type": ["memo"]})
    gate = Gate(frozenset({f"unit:{memo.owner_unit.uid}"}), frozenset())
    (hit,) = rank(engine, request, plan_query(request, ()), gate).hits
    assert hit.key == f"item:{memo.pk}"
    (card,) = sources()["item"].cards(author.user, [memo.pk]).values()
    assert (card.type, card.type_label, card.text) == ("memo", "メモ", "立つと短く終わる。")
