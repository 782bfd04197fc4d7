"""Explanations of the order: for the knowledge office only, with numbers that add up to the order."""

import re

import pytest

from kb.models import Term
from tests.factories.kb import make_lesson
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_staff(make_unit(name="知識推進課"), duties=("km",)).user


@pytest.fixture
def staff():
    return make_staff(make_unit("bosai", name="防災課"))


@pytest.fixture
def explained(index, client, refresh):
    """The explanation of each hit, as the page shows it."""

    def ask(user, query, **parameters):
        refresh()
        client.force_login(user)
        response = client.get("/search/", {"q": query, "explain": "1", **parameters})
        assert response.status_code == 200
        return [hit.why for hit in response.context["result"].hits]

    return ask


def number(text):
    return float(re.search(r"[-+]?\d+(?:\.\d+)?", text)[0])


def test_the_reasons_add_up_to_the_order(explained, office, staff):
    make_lesson(staff, title="避難所の受付", observation="避難所の受付を二列にした。")
    make_lesson(staff, title="水位の記録", observation="避難の前に見る。")
    hits = explained(office, "避難")
    assert len(hits) == 2
    totals = [number(why[-1]) for why in hits]
    assert totals == sorted(totals, reverse=True)
    for why in hits:
        words, *bonuses, total = why
        share = sum(number(reason.rpartition("+")[2]) for reason in bonuses) / 100
        assert number(words) * (1 + share) == pytest.approx(number(total), abs=0.05)
    assert hits[0][0].startswith("語の一致")
    assert "短い語" in hits[0][0]


@pytest.mark.parametrize("query", ["クレーム", "クレーム 報告"])
def test_the_share_of_synonyms_is_named(explained, office, staff, query):
    Term.objects.create(label="苦情", synonyms=["クレーム"])
    make_lesson(staff, title="苦情の電話")
    (why,) = explained(office, query)
    assert "同義語" in why[0]


def test_maturity_is_named_by_its_badge(explained, office, staff):
    make_lesson(staff, title="避難所の受付")
    (why,) = explained(office, "避難所")
    assert "未検証 +0.0%" in why


def test_ordered_by_date_the_explanation_says_that_words_do_not_count(explained, office, staff):
    make_lesson(staff, title="避難所の受付")
    assert explained(office, "避難所", sort="newest") == [("新しい順なので、語の一致は使っていません",)]


def test_the_numbers_add_up_with_more_matches_than_the_window(explained, office, staff, monkeypatch):
    """A hit that is best by all kinds of token need not be among the best by each of them."""
    monkeypatch.setattr("search.ranking.WINDOW", 10)
    for number_of_words in range(12):
        make_lesson(
            staff, title=f"避難の記録{number_of_words}", observation="避難。" * number_of_words + "所の話。" * 3
        )
        make_lesson(staff, title=f"所在の一覧{number_of_words}", observation="避難した。" + "避難所" * number_of_words)
    for page, share_expected in (("1", True), ("2", False)):
        hits = explained(office, "避難 所", page=page)
        assert len(hits) == 10
        for words, *bonuses, total in hits:
            share = sum(number(reason.rpartition("+")[2]) for reason in bonuses if "%" in reason) / 100
            assert bool(share) == share_expected, bonuses
            assert number(words) * (1 + share) == pytest.approx(number(total), abs=0.05)
            assert sum(map(float, re.findall(r" (\d+\.\d+)[、）]", words))) == pytest.approx(number(words), abs=0.02)


def test_beyond_the_window_no_bonuses_are_explained(explained, office, staff, monkeypatch):
    monkeypatch.setattr("search.ranking.WINDOW", 10)
    for place in range(11):
        make_lesson(staff, title=f"避難所の受付{place}")
    (why,) = explained(office, "避難所", page="2")
    assert why[1].startswith("上位10件より後ろなので")


def test_staff_see_no_explanation(explained, client, staff):
    make_lesson(staff, title="避難所の受付")
    assert explained(staff.user, "避難所") == [()]
    assert "順位のわけ" not in client.get("/search/", {"q": "避難所"}).content.decode()


def test_the_office_can_switch_explanations_on_and_off(client, index, refresh, office, staff):
    make_lesson(staff, title="避難所の受付")
    refresh()
    client.force_login(office)
    page = client.get("/search/", {"q": "避難所"}).content.decode()
    assert "順位のわけを見る" in page and "explain=1" in page
    assert "順位のわけを隠す" in client.get("/search/", {"q": "避難所", "explain": "1"}).content.decode()
