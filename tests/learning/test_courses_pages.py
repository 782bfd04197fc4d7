"""The catalogue of courses and the page of one course."""

import pytest
from django.urls import reverse

from learning.models import PathVersion
from organization import clock
from tests.factories.learning import make_course, make_path, step, take
from tests.factories.organization import make_municipal_staff, make_municipality, make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def head():
    return make_staff(make_unit("bosai", name="防災課"), title="課長", head=True)


@pytest.fixture
def ask(client, head):
    client.force_login(head.user)
    return lambda address, **parameters: client.get(address, parameters)


def titles(response):
    return [course.title for course in response.context["courses"]]


def test_the_catalogue_lists_standing_courses_by_number(ask):
    make_course("S2", title="議事録の書き方")
    make_course("S1", title="話の聞き方")
    make_course("S3", title="昔の研修", retired=True)
    assert titles(ask("/courses/")) == ["話の聞き方", "議事録の書き方"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "議事録"}, ["議事録の書き方"]),
        ({"q": "要点 三つ"}, ["議事録の書き方"]),
        ({"q": "s2"}, ["議事録の書き方"]),
        ({"type": "dispatch"}, ["国への派遣"]),
        ({"provider": "jlis"}, []),
        ({"obligation": "no-such"}, ["国への派遣", "議事録の書き方"]),
    ],
)
def test_words_and_choices_narrow_it(ask, asked, found):
    make_course("S2", title="議事録の書き方", about="要点を三つにしぼる。")
    make_course("D1", title="国への派遣", type="dispatch", provider="state")
    assert titles(ask("/courses/", **asked)) == found


def test_nothing_found_says_what_to_do(ask):
    make_course()
    page = ask("/courses/", q="ぬばたま").content.decode()
    assert "この条件の研修はありません" in page and "すべての研修を見る" in page


def test_an_empty_catalogue_says_who_fills_it(ask):
    assert "研修担当が登録する" in ask("/courses/").content.decode()


def test_pages_carry_the_words_along(ask):
    for n in range(31):
        make_course(f"S{n:03}", title=f"地域を歩く {n}")
    first = ask("/courses/", q="地域")
    assert len(titles(first)) == 30
    assert "page=2" in first.context["turns"]["next"] and "q=" in first.context["turns"]["next"]
    assert len(titles(ask("/courses/" + first.context["turns"]["next"]))) == 1


def test_the_catalogue_asks_as_many_questions_for_thirty_courses_as_for_one(ask, django_assert_max_num_queries):
    for n in range(30):
        make_course(f"S{n:03}")
    ask("/courses/")
    with django_assert_max_num_queries(15):
        ask("/courses/")


def test_a_course_shows_its_facts_and_the_way_to_record_it(ask):
    make_course("K-210", hours="6.5", valid_months=24, about="例で練習します。")
    page = ask("/courses/K-210/").content.decode()
    for said in ("K-210", "6.5時間", "修了から24か月", "例で練習します。", "受講を記録する", reverse("my")):
        assert said in page


def test_a_number_with_a_slash_has_a_page_too(ask):
    course = make_course("J/12")
    assert ask(course.get_absolute_url()).status_code == 200


def test_the_paths_that_ask_for_it_are_named_and_no_others(ask, head):
    course = make_course()
    asking = make_path(head, title="個人情報を扱う人へ", steps=[take(course)])
    make_path(head, title="べつの道すじ")
    make_path(head, title="書きかけの道すじ", steps=[take(course)], stage="draft")
    dropped = make_path(head, title="昔は使った道すじ", steps=[take(course)])
    PathVersion.objects.create(path=dropped, number=2, released_at=clock.now())
    assert [path.pk for path in ask("/courses/S001/").context["paths"]] == [asking.pk]


def test_a_path_that_the_reader_may_not_open_is_not_named(client, head):
    course = make_course()
    make_path(head, title="防災課だけの道すじ", audience="unit", steps=[take(course), step()])
    client.force_login(make_staff(make_unit("zaisei")).user)
    assert "防災課だけの道すじ" not in client.get("/courses/S001/").content.decode()


def test_a_retired_course_keeps_its_page_and_says_so(ask):
    make_course(retired=True)
    assert "この研修は終わりました" in ask("/courses/S001/").content.decode()


@pytest.mark.parametrize("address", ["/courses/", "/courses/S001/", "/courses/nowhere/"])
def test_municipal_staff_meet_what_does_not_exist(client, address):
    make_course()
    client.force_login(make_municipal_staff(make_municipality()).user)
    assert client.get(address).status_code == 404


def test_a_stranger_is_asked_to_log_in(client):
    make_course()
    assert client.get("/courses/S001/").status_code == 302
