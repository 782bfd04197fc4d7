"""The search page for different readers: what it shows, and what it must never show."""

import html
import logging
import re
from datetime import date, timedelta

import pytest

from kb.models import Reference
from organization import clock
from organization.units.effective_dating import take_effect
from search.engines.base import EngineUnavailable
from search.models import PendingChange
from search.worker import Worker
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.organization import (
    add_version,
    make_event,
    make_municipal_staff,
    make_municipality,
    make_staff,
    make_unit,
)


@pytest.fixture
def unit(db):
    return make_unit(name="防災課", short="防災")


@pytest.fixture
def staff(unit):
    return make_staff(unit).user


@pytest.fixture
def outsider(db):
    return make_municipal_staff(make_municipality(name="見本市")).user


@pytest.fixture
def page(index, client):
    """The response of /search/ for a reader."""

    def ask(user, **parameters):
        client.force_login(user)
        response = client.get("/search/", parameters)
        assert response.status_code == 200
        return response

    return ask


def text_of(response):
    return html.unescape(re.sub(r"<[^>]+>", "", response.content.decode()))


class TestFinding:
    def test_a_retrospective_is_found_by_the_name_of_its_format(self, find, refresh, unit, staff):
        make_retrospective(make_staff(unit), format="postmortem", subject="誤送信")
        refresh()
        assert len(find(staff, "ポストモーテム")) == 1

    def test_without_log_in_the_page_redirects_to_the_login(self, client, index):
        response = client.get("/search/", {"q": "避難所"})
        assert response.status_code == 302 and response["Location"].startswith("/login/?next=/search/")

    def test_a_word_in_another_spelling_finds_and_is_marked(self, page, refresh, reference, staff):
        reference("窓口の振返り", "混雑した日の引き継ぎを見直した。")
        refresh()
        response = page(staff, q="ふりかえり 引継ぎ")
        assert "窓口の<mark>振返り</mark>" in response.content.decode()
        assert "<mark>引き継ぎ</mark>" in response.content.decode()

    def test_several_words_mean_and_and_the_page_says_when_fewer_matched(self, find, page, refresh, reference, staff):
        reference("台風のあとの避難所")
        reference("台風のあとの道路")
        refresh()
        assert find(staff, "台風 避難所") == ["台風のあとの避難所"]
        response = page(staff, q="台風 避難所 見積書")
        assert len(response.context["result"].hits) == 1
        assert "3語のうち2語以上を含むもの" in text_of(response)

    def test_phrases_and_exclusion(self, find, refresh, reference, staff):
        reference("防災訓練の記録")
        reference("訓練に防災の視点を入れる")
        refresh()
        assert find(staff, '"防災訓練"') == ["防災訓練の記録"]
        assert find(staff, "防災 訓練 -記録") == ["訓練に防災の視点を入れる"]

    def test_a_sentence_finds_what_it_is_about(self, find, refresh, reference, staff):
        reference("避難所の受付", "台風の夜、避難所の受付に列ができて困った。")
        reference("予算の会議", "予算の会議が長くなって困った。")
        refresh()
        assert find(staff, "台風のときに避難所の受付で困ったことは何ですか？")[0] == "避難所の受付"

    def test_the_page_says_when_nothing_is_near_a_sentence(self, page, refresh, reference, staff):
        reference("避難所の受付", "台風の夜、避難所の受付に列ができて困った。")
        refresh()
        assert "よく合うものはありませんでした" not in text_of(page(staff, q="避難所の受付で困ったことは何ですか"))
        far = text_of(page(staff, q="宇宙機の電池の配線で困ったら"))
        assert "よく合うものはありませんでした。" in far and "語のうち1語以上を含むもの" in far

    def test_kana_and_one_kanji_find_titles(self, find, refresh, reference, staff):
        reference("災害対策")
        reference("鉄橋の点検")
        refresh()
        assert find(staff, "さいがいたいさく") == ["災害対策"]
        assert find(staff, "橋") == ["鉄橋の点検"]

    def test_an_old_name_of_the_unit_finds_its_items(self, find, refresh, unit, staff):
        make_lesson(staff.person, title="土のうの置き場")
        version = unit.versions.get()
        version.short = "防災係"
        version.save()
        refresh()
        assert find(staff, "防災係") == ["土のうの置き場"]

    def test_a_future_name_of_a_unit_finds_nothing_yet(self, find, refresh):
        tomorrow = clock.today() + timedelta(days=1)
        unit = make_unit(name="防災課", until=clock.today())
        staff = make_staff(unit)
        add_version(unit, name="危機管理局", since=tomorrow)
        make_lesson(staff, title="土のうの置き場")
        refresh()
        assert find(staff.user, '"危機管理局"') == []
        with clock.moved_to(tomorrow):
            take_effect(on=tomorrow)
            refresh()
            assert find(staff.user, '"危機管理局"') == ["土のうの置き場"]

    def test_an_id_finds_its_item(self, find, refresh, reference, staff):
        row = reference("件名")
        reference("ほか")
        refresh()
        assert find(staff, row.public_id) == ["件名"]

    def test_the_folded_values_of_a_long_facet_are_counted(self, page, refresh, reference, staff):
        for n in range(18):
            reference("避難所", fiscal_year=2007 + n)
        refresh()
        assert "ほか11項目を見る" in text_of(page(staff, q="避難所"))

    def test_an_empty_query_shows_the_newest_with_facets(self, page, refresh, reference, staff):
        for n in range(3):
            reference(f"件名{n}")
        refresh()
        response = page(staff)
        assert [hit.card.title for hit in response.context["result"].hits] == ["件名2", "件名1", "件名0"]
        assert "新着 3件" in text_of(response) and "外部の事例" in text_of(response)

    def test_an_imported_text_is_as_old_as_its_own_date(self, find, refresh, reference, staff, unit):
        make_lesson(make_staff(unit), title="水位のこと", audience="unit", occurred_on=date(2025, 6, 1))
        reference("水位の古い話", occurred_on=date(2001, 6, 1))
        refresh()
        assert find(staff, "水位", sort="newest") == ["水位のこと", "水位の古い話"]

    def test_sorting_by_newest(self, find, refresh, reference, staff):
        reference("台風 台風 台風")
        reference("台風と会議と予算と人事")
        refresh()
        assert find(staff, "台風") == ["台風 台風 台風", "台風と会議と予算と人事"]
        assert find(staff, "台風", sort="newest") == ["台風と会議と予算と人事", "台風 台風 台風"]

    def test_the_name_of_a_merged_unit_finds_its_successors_items(self, find, refresh):
        day = date(2024, 4, 1)
        old, new = make_unit(name="広聴課", until=date(2024, 3, 31)), make_unit(name="協働課", since=day)
        make_event("merge", [old], [new], day, new)
        writer = make_staff(new)
        make_lesson(writer, title="出張して声を聞く")
        refresh()
        assert find(writer.user, "広聴課 出張") == ["出張して声を聞く"]

    def test_a_document_is_found_by_its_type_and_its_year(self, find, refresh, unit, staff):
        lesson = make_lesson(staff.person, title="出張して声を聞く")
        refresh()
        assert find(staff, f"教訓 出張 {lesson.fiscal_year}年度") == [lesson.title]

    def test_newest_first_makes_no_wider_attempt_than_necessary(self, find, refresh, reference, staff):
        reference("説明会の記録", "住民説明会を開いた。")
        reference("会議の記録", "会では道路の説明をした。")
        refresh()
        assert find(staff, "説明会", sort="newest") == ["説明会の記録"]
        assert find(staff, "説明会") == ["説明会の記録", "会議の記録"]

    def test_pages_show_each_hit_once_up_to_the_last_page(self, find, page, refresh, reference, staff):
        for n in range(23):
            reference(f"会議{n:02}")
        refresh()
        seen = [title for number in (1, 2, 3) for title in find(staff, "会議", page=number)]
        assert len(seen) == len(set(seen)) == 23
        assert page(staff, q="会議", page=10_000).context["result"].page == 3
        assert "23件中 21–23件" in text_of(page(staff, q="会議", page=3))

    def test_a_page_without_hits_says_what_to_do(self, page, staff):
        response = page(staff, q="だれも書いていないこと")
        assert "見つかりませんでした" in text_of(response) and 'href="/write/"' in response.content.decode()


class TestLongTexts:
    """Only the first 50,000 characters are searched; the text is stored completely, and its page says so."""

    def test_text_beyond_the_limit_is_not_found(self, find, refresh, reference, staff):
        row = reference("長い議事録", "あ。" * 24_990 + "水位計の話。" + "い。" * 20 + "測量船の話。")
        refresh()
        assert len(row.text) > 50_000
        assert find(staff, "水位計") == ["長い議事録"]
        assert find(staff, "測量船") == []

    def test_the_page_of_a_long_text_says_how_much_is_searched(self, client, reference, staff):
        client.force_login(staff)
        long, short = reference("長い議事録", "議" * 50_001), reference("短い議事録", "議" * 50_000)
        assert "始めの5万文字" in client.get(long.get_absolute_url()).content.decode()
        assert "始めの5万文字" not in client.get(short.get_absolute_url()).content.decode()


class TestFacets:
    @pytest.fixture
    def shelf(self, refresh, reference, staff):
        reference("会議の資料", fiscal_year=2024)
        reference("会議の記録", fiscal_year=2025)
        make_lesson(staff.person, title="会議を短くする")
        refresh()

    def counts(self, response, name):
        (facet,) = [facet for facet in response.context["result"].facets if facet.name == name]
        return {value.label: value.count for value in facet.values}

    def test_facet_values_have_labels_and_years_are_newest_first(self, page, shelf, staff):
        response = page(staff, q="会議")
        assert self.counts(response, "type") == {"外部の事例": 2, "教訓": 1}
        assert list(self.counts(response, "fiscal_year")) == ["令和7年度", "令和6年度"]
        assert self.counts(response, "unit") == {"防災課": 1}

    def test_chosen_values_filter_hits_but_not_their_own_counts(self, page, shelf, staff):
        response = page(staff, q="会議", type="lesson")
        assert [hit.card.title for hit in response.context["result"].hits] == ["会議を短くする"]
        assert self.counts(response, "type") == {"外部の事例": 2, "教訓": 1}
        assert "条件を外す：種類：教訓" in text_of(response)

    def test_a_chosen_value_with_count_zero_can_be_removed(self, page, shelf, staff):
        response = page(staff, q="会議", theme="no-such")
        assert "この条件では見つかりませんでした" in text_of(response)
        assert "条件を外す：分野：no-such" in text_of(response)

    def test_several_values_of_one_facet(self, find, shelf, staff):
        assert len(find(staff, "会議", fiscal_year=["2024", "2025"], type="reference")) == 2


class TestGates:
    """On each surface: the member finds the item; the outsider finds a control and sees nothing of the item."""

    @pytest.fixture
    def shelf(self, refresh, unit, reference, staff):
        make_lesson(staff.person, title="秘密の訓練計画", audience="unit")
        reference("公開された訓練計画", audience="municipal")
        refresh()

    def test_a_member_finds_it(self, find, shelf, staff):
        assert set(find(staff, "訓練")) == {"秘密の訓練計画", "公開された訓練計画"}

    @pytest.mark.parametrize("parameters", [{}, {"type": "lesson"}, {"sort": "newest"}, {"page": 2}])
    def test_an_outsider_sees_only_the_control(self, page, shelf, outsider, parameters):
        response = page(outsider, **{"q": "訓練計画", **parameters})
        assert "秘密" not in text_of(response)
        assert response.context["result"].total == (0 if "type" in parameters else 1)
        assert not any(
            value.count
            for facet in response.context["result"].facets
            for value in facet.values
            if value.code == "lesson"
        )

    def test_a_narrowed_audience_applies_at_once_to_hits_and_counts(self, page, refresh, reference, outsider, unit):
        row = reference("訓練計画", audience="municipal", fiscal_year=2024)
        refresh()
        assert page(outsider, q="訓練").context["result"].total == 1
        row.audience, row.owner_unit = "unit", unit
        row.save()  # no worker runs
        result = page(outsider, q="訓練").context["result"]
        assert (result.total, result.hits) == (0, ()) and not any(v.count for f in result.facets for v in f.values)

    def test_the_second_gate_catches_a_change_without_a_signal(self, page, refresh, reference, staff, caplog):
        row = reference("訓練計画")
        refresh()
        Reference.objects.filter(pk=row.pk).update(withdrawn=True)
        with caplog.at_level(logging.ERROR, "search"):
            result = page(staff, q="訓練").context["result"]
        assert (result.total, result.hits, result.facets) == (0, (), ())
        assert "search.hit_dropped count=1" in caplog.text and "訓練" not in caplog.text

    def test_shown_texts_come_from_the_database_not_from_the_index(self, page, refresh, reference, staff):
        row = reference("古い題名", "訓練")
        refresh()
        Reference.objects.filter(pk=row.pk).update(title="新しい題名")
        assert "新しい題名" in text_of(page(staff, q="訓練"))
        assert "古い題名" not in text_of(page(staff, q="訓練"))

    def test_no_cache_may_keep_the_page(self, page, staff):
        assert "no-store" in page(staff)["Cache-Control"] and "private" in page(staff)["Cache-Control"]


class TestReduced:
    """The engine is unavailable: the database answers under the same policy, and the page says so."""

    @pytest.fixture
    def shelf(self, refresh, reference, staff):
        reference("訓練計画", audience="municipal")
        make_lesson(staff.person, title="秘密の訓練", audience="unit")
        refresh()

    @pytest.fixture(params=["lost", "down"])
    def out_of_order(self, request, index, shelf, monkeypatch):
        if request.param == "lost":
            index.reset()
        else:
            monkeypatch.setattr(type(index), "search", lambda *a: (_ for _ in ()).throw(EngineUnavailable("down")))

    def test_the_database_answers_and_the_page_says_so(self, out_of_order, page, staff, outsider):
        response = page(staff, q="訓練")
        assert "いまは簡易検索です" in text_of(response)
        assert {hit.card.title for hit in response.context["result"].hits} == {"訓練計画", "秘密の訓練"}
        assert [hit.card.title for hit in page(outsider, q="訓練").context["result"].hits] == ["訓練計画"]

    def test_a_reduced_page_without_hits_does_not_invite_to_write(self, out_of_order, page, staff):
        shown = text_of(page(staff, q="漏水"))
        assert "簡易検索では見つかりませんでした" in shown and "題名と要旨" in shown and "もう一度検索する" in shown
        assert "まだ誰も書いていない" not in shown and "書いてみる" not in shown

    @pytest.mark.usefixtures("out_of_order")
    def test_changes_during_an_outage_are_found_after_recovery(self, reference, staff, find, refresh, monkeypatch):
        reference("あとから書いた堤防の話")
        assert PendingChange.objects.count() == 1
        monkeypatch.undo()
        refresh()
        assert find(staff, "堤防") == ["あとから書いた堤防の話"]


BAD = [
    "",
    "の",
    "です。",
    "橋",
    "acl:*",
    "title:(",
    "_exists_:a",
    '"',
    '"""',
    "-",
    "--",
    '-"',
    "a AND",
    "NOT",
    "NEAR(a b)",
    "*",
    "a*",
    "^a",
    "{a}",
    "\\",
    "%",
    "';--",
    "<script>alert(1)</script>",
    "あ" * 10_000,
    "\x00",
    "\u202e逆",
    "😀",
    "か\u3099",
    "(" * 500,
    "a " * 500,
]


class TestBadInput:
    @pytest.mark.parametrize("query", BAD, ids=range(len(BAD)))
    def test_any_query_gives_a_page(self, page, refresh, reference, staff, query):
        reference("<b>訓練</b> & 計画", "a <script>alert(1)</script>")
        refresh()
        body = page(staff, q=query).content.decode()
        assert "<script>alert" not in body and "<b>訓練" not in body

    @pytest.mark.parametrize(
        "parameters",
        [
            {"page": "x"},
            {"page": "0"},
            {"page": "9" * 40},
            {"sort": "drop"},
            {"type": "\x00"},
            {"unit": "a b"},
            {"fiscal_year": "令和"},
            {"fiscal_year": "²"},
            {"fiscal_year": "9" * 64},
            {"theme": ["x"] * 200},
            {"unknown": "1"},
        ],
    )
    def test_any_parameter_gives_a_page(self, page, reference, refresh, staff, parameters):
        reference("訓練")
        refresh()
        page(staff, q="訓練", **parameters)

    def test_a_lone_surrogate_in_the_address(self, page, client, staff):
        client.force_login(staff)
        assert client.get("/search/?q=%ED%A0%80&type=%ED%A0%80").status_code == 200

    def test_only_safe_methods_are_allowed(self, client, staff):
        client.force_login(staff)
        assert client.post("/search/").status_code == 405

    def test_ignored_words_are_named(self, page, staff):
        assert "「のは」は、どの文にも出てくることばか記号なので" in text_of(page(staff, q="のは 訓練"))


def test_a_page_costs_few_queries(client, refresh, reference, staff, django_assert_max_num_queries):
    for n in range(12):
        reference(f"訓練{n}", fiscal_year=2024)
        make_lesson(staff.person, title=f"訓練の教訓{n}")
    refresh()
    client.force_login(staff)
    for address in ("/search/?q=訓練", "/search/?q=訓練&type=lesson", "/search/", "/search/?q=訓練&page=2"):
        with django_assert_max_num_queries(15):
            client.get(address)


def test_queries_are_not_logged(page, staff, caplog, index):
    index.reset()
    with caplog.at_level(logging.DEBUG):
        page(staff, q="だれにも言えないこと")
    assert "だれにも" not in caplog.text


def test_a_page_is_complete_while_a_worker_writes(index, page, reference, staff):
    for n in range(30):
        reference(f"訓練{n}")
    worker = Worker(index)
    worker.step()
    result = page(staff, q="訓練").context["result"]
    assert result.total == 30
