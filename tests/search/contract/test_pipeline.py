"""Searches through the pipeline on both engines: AND and wider attempts, phrases, pages up to the last hit."""

import pytest

from search.access import Gate
from search.documents import SearchDocument
from search.engines.base import EngineQuery
from search.generations import fill
from search.pipeline import rank
from search.query import parse
from search.query_plan import plan_query
from tests.search.contract.test_engines import document, keys, put, words

COUNTY = Gate(frozenset({"public", "prefecture"}), frozenset())


def source_document(number, title, body="", **values):
    values.setdefault("audience", ("prefecture",))
    return SearchDocument(
        key=f"item:{number}",
        source="item",
        type=values.pop("type", "lesson"),
        public_id=f"L-R07-{number:05}",
        url=f"/k/L-R07-{number:05}/",
        title=title,
        body=body,
        **values,
    )


def ask(engine, query, page=1, reader=COUNTY, synonyms=(), **parameters):
    request = parse({"q": [query], "page": [str(page)], **{name: list(codes) for name, codes in parameters.items()}})
    return rank(engine, request, plan_query(request, synonyms), reader)


def keys_found(engine, query, **parameters):
    return [hit.key for hit in ask(engine, query, **parameters).hits]


@pytest.fixture
def shelf(engine):
    fill(
        engine,
        [
            source_document(
                1, "避難所の運営訓練", "市町村と合同で避難所を開きました。", theme=("bosai",), type="lesson"
            ),
            source_document(2, "避難所の名簿", "手書きの名簿は読みにくい。", theme=("bosai",), type="article"),
            source_document(3, "税の窓口", "混み合う日の案内と名簿。", theme=("zeimu",), type="lesson"),
            source_document(4, "人事の秘密", "避難所の担当者の名簿。", theme=("jinji",), audience=("unit:9",)),
        ],
    )
    return engine


class TestWords:
    def test_several_words_mean_and(self, shelf):
        ranked = ask(shelf, "避難所 名簿")
        assert [hit.key for hit in ranked.hits] == ["item:2"] and not ranked.attempt.fewer

    def test_if_and_finds_nothing_fewer_words_are_required(self, shelf):
        ranked = ask(shelf, "避難所 名簿 ヘリコプター")
        assert ranked.attempt.fewer and ranked.hits[0].key == "item:2"

    def test_a_phrase_matches_adjacent_words_only(self, shelf):
        assert keys_found(shelf, '"運営訓練"') == ["item:1"] and keys_found(shelf, '"訓練運営"') == []

    def test_a_minus_excludes(self, shelf):
        assert keys_found(shelf, "名簿 -避難所") == ["item:3"]

    def test_a_sentence_is_ranked_by_shared_words(self, shelf):
        ranked = ask(shelf, "避難所の運営で市町村と合同でするべきことは何ですか")
        assert ranked.hits[0].key == "item:1"

    def test_a_synonym_counts_as_its_word_if_not_all_words_are_required(self, engine):
        reports = [source_document(n, "月の報告", "報告の列。") for n in range(2, 8)]
        others = [source_document(n, "件名", "本文です。") for n in range(8, 40)]
        fill(engine, [source_document(1, "A close call", "This was a close call."), *reports, *others])
        terms = [["ヒヤリハット", "close call"]]
        for query in ("ヒヤリハットの報告", "ヒヤリハット 報告"):
            ranked = ask(engine, query, synonyms=terms)
            assert ranked.fewer and ranked.hits[0].key == "item:1"
        assert keys_found(engine, "ヒヤリハットの報告", synonyms=terms) == ["item:1"]

    def test_a_sentence_reports_fewer_words_only_if_nothing_has_a_third(self, shelf):
        near = ask(shelf, "避難所の運営で市町村と合同でするべきことは何ですか")
        assert near.attempt.fewer and not near.fewer  # too few hits, so a wider attempt was made
        far = ask(shelf, "宇宙機の電池の不具合で名簿は要るか")
        assert far.fewer and far.attempt.minimum == 1

    @pytest.mark.parametrize("query", ["acl:*", "title:(", "_exists_:a", "*", "a OR b) AND", '"', "\\", "((((", "~2"])
    def test_nothing_else_is_an_operator(self, shelf, query):
        assert "item:4" not in keys_found(shelf, query)

    def test_no_words_find_what_the_reader_may_not_see(self, shelf):
        assert keys_found(shelf, "秘密") == []
        assert keys_found(shelf, "秘密", reader=Gate(frozenset({"unit:9"}), frozenset())) == ["item:4"]

    def test_facets_count_within_words_and_without_their_own_filter(self, shelf):
        ranked = ask(shelf, "避難所", type=["article"])
        assert [hit.key for hit in ranked.hits] == ["item:2"]
        assert ranked.result.facets["type"] == {"lesson": 1, "article": 1}
        assert ranked.result.facets["theme"] == {"bosai": 1}


class TestManyValues:
    @pytest.fixture
    def many(self, engine):
        engine.swap(engine.create("stamp"))
        put(engine, **{f"k{n:03}": document(body="本", theme=f"t{n % 60:02}", type=f"y{n % 3}") for n in range(180)})
        return engine

    def test_the_counts_include_every_value(self, many):
        counts = many.search(words("本", facets=("theme",))).facets["theme"]
        assert len(counts) == 60 and set(counts.values()) == {3}

    def test_choosing_several_values_leaves_the_others_counted(self, many):
        chosen = frozenset(f"t{n:02}" for n in range(12))
        result = many.search(words("本", facets=("theme", "type"), filters={"theme": chosen}))
        assert result.total == 36
        assert len(result.facets["theme"]) == 60 and sum(result.facets["type"].values()) == 36

    def test_two_facets_chosen_each_count_within_the_other(self, many):
        filters = {"theme": frozenset({"t00", "t01"}), "type": frozenset({"y0"})}
        result = many.search(words("本", facets=("theme", "type"), filters=filters))
        assert result.facets["type"] == {"y0": 3, "y1": 3}
        assert len(result.facets["theme"]) == 20 and result.total == 3


class TestPages:
    @pytest.mark.parametrize("sort", ["relevance", "newest"])
    def test_pages_show_every_hit_once(self, engine, sort):
        fill(engine, [source_document(n, "同じ件名", "同じ本文") for n in range(1, 258)])
        first = ask(engine, "件名", sort=[sort])
        assert first.result.total == 257
        seen = [key for page in range(1, 27) for key in keys_found(engine, "件名", page=page, sort=[sort])]
        assert len(seen) == len(set(seen)) == 257

    @pytest.mark.slow
    @pytest.mark.parametrize("order", ["relevance", "newest"])
    def test_pages_beyond_the_result_window(self, engine, order):
        name = engine.create("stamp")
        for start in range(0, 10_100, 1_000):
            some = range(start, min(start + 1_000, 10_100))
            put(engine, 1, name, **{f"k{n:05}": document(body="本", newest=n) for n in some})
        engine.swap(name)
        pages = [keys(engine, words("本", order=order, offset=offset, limit=60)) for offset in range(9_900, 10_200, 60)]
        seen = [key for page in pages for key in page]
        assert len(seen) == len(set(seen)) == 200
        assert engine.search(words("本", order=order, offset=10_099, limit=1)).total == 10_100
        assert len(list(engine.entries())) == 10_100
        if order == "newest":
            assert seen == [f"k{n:05}" for n in range(199, -1, -1)]


def test_an_empty_index_answers(engine):
    fill(engine, [])
    assert ask(engine, "避難所").result.total == 0
    assert engine.search(EngineQuery(audience=frozenset({"public"}), order="newest", facets=("type",))).facets == {
        "type": {}
    }
