"""The contract of every engine, run for each implementation (search.engines.base.Engine)."""

import multiprocessing
import threading
from dataclasses import replace

import pytest

from search.engines.base import (
    Change,
    Clause,
    EngineQuery,
    GenerationGone,
    IndexedDocument,
    IndexLost,
    Match,
    Scoring,
    Signals,
    TokenKind,
)

EVERYBODY = frozenset({"public"})


def document(title="", body="", *, kind=TokenKind.UNIT, audience=("public",), newest=0.0, **codes):
    return IndexedDocument(
        tokens={kind: {name: text for name, text in (("title", title), ("body", body)) if text}},
        codes={facet: (value,) if isinstance(value, str) else tuple(value) for facet, value in codes.items()},
        audience=tuple(audience),
        newest=newest,
        signals=Signals(public_id=title),
    )


def put(engine, version=1, generation=None, **documents):
    return engine.write([Change(key, version, result) for key, result in documents.items()], generation)


def words(*tokens, minimum=None, kind=TokenKind.UNIT, **changes):
    clauses = tuple(Clause((Match(kind, (token,)),)) for token in tokens)
    return EngineQuery(
        audience=EVERYBODY,
        clauses=clauses,
        minimum=len(clauses) if minimum is None else minimum,
        scoring=(Scoring(kind, tokens, 1.0),),
        **changes,
    )


def keys(engine, plan):
    return [hit.key for hit in engine.search(plan).hits]


class TestMatching:
    def test_several_clauses_mean_and(self, live):
        put(live, one=document(body="避難 所"), two=document(body="避難"), three=document(body="所"))
        assert keys(live, words("避難", "所")) == ["one"]

    def test_a_minimum_requires_some_clauses(self, live):
        put(
            live,
            one=document(body="a b c"),
            two=document(body="a b"),
            three=document(body="c"),
            four=document(body="x"),
        )
        assert set(keys(live, words("a", "b", "c", minimum=2))) == {"one", "two"}
        assert set(keys(live, words("a", "b", "c", minimum=1))) == {"one", "two", "three"}

    def test_a_clause_needs_one_of_its_matches(self, live):
        put(
            live,
            one=document(body="避難"),
            two=document(body="ヒナン", kind=TokenKind.READING),
            three=document(body="訓練"),
        )
        ways = Clause((Match(TokenKind.UNIT, ("避難",)), Match(TokenKind.READING, ("ヒナン",))))
        assert set(keys(live, EngineQuery(audience=EVERYBODY, clauses=(ways,), minimum=1))) == {"one", "two"}

    def test_a_match_needs_all_tokens_and_a_phrase_adjacent_ones(self, live):
        put(live, near=document(body="防災 訓練 県"), far=document(body="訓練 県 防災"))
        loose = EngineQuery(
            audience=EVERYBODY, clauses=(Clause((Match(TokenKind.UNIT, ("防災", "訓練")),)),), minimum=1
        )
        assert set(keys(live, loose)) == {"near", "far"}
        phrase = EngineQuery(
            audience=EVERYBODY, required=(Clause((Match(TokenKind.UNIT, ("防災", "訓練"), phrase=True),)),)
        )
        assert keys(live, phrase) == ["near"]

    def test_a_prefix_matches_the_beginning_of_a_token(self, live):
        put(live, one=document(title="ヒナン ジョ"), two=document(title="クンレン ヒ"), three=document(title="ナンヒ"))
        begun = Clause((Match(TokenKind.UNIT, ("ヒ",), prefix=True),))
        assert set(keys(live, EngineQuery(audience=EVERYBODY, clauses=(begun,), minimum=1))) == {"one", "two"}

    def test_a_part_limits_the_match_to_one_field(self, live):
        put(live, one=document(title="避難 所"), two=document(body="避難 所"), three=document(title="所 避難"))
        for way, expected in (
            (Match(TokenKind.UNIT, ("避難", "所"), part="title"), {"one", "three"}),
            (Match(TokenKind.UNIT, ("避難", "所"), phrase=True, part="title"), {"one"}),
            (Match(TokenKind.UNIT, ("避",), prefix=True, part="body"), {"two"}),
        ):
            assert set(keys(live, EngineQuery(audience=EVERYBODY, clauses=(Clause((way,)),), minimum=1))) == expected

    def test_tokens_of_a_match_may_be_in_different_fields(self, live):
        put(live, one=document(title="避難", body="所"), two=document(body="避難"))
        both = Clause((Match(TokenKind.UNIT, ("避難", "所")),))
        assert keys(live, EngineQuery(audience=EVERYBODY, clauses=(both,), minimum=1)) == ["one"]

    def test_excluded_clauses_remove_hits(self, live):
        put(live, one=document(body="訓練 会議"), two=document(body="訓練"))
        assert keys(live, words("訓練", excluded=(Clause((Match(TokenKind.UNIT, ("会議",)),)),))) == ["two"]

    @pytest.mark.parametrize(
        "token", ["c++", "a/b", "(株)", "😀", "wi-fi", "l-r07-00123", "and", "near", "*", "^a", "title:a", "𠮷野"]
    )
    def test_every_token_is_literal(self, live, token):
        put(live, one=document(body=f"前 {token} 後"), two=document(body="前 後"))
        assert keys(live, words(token)) == ["one"]

    @pytest.mark.parametrize("token", ['"', "(", "a b", "'", "\\", "NOT", "{x}", "acl:*", "_exists_:a"])
    def test_no_token_is_an_operator(self, live, token):
        put(live, one=document(body="無関係"))
        assert keys(live, words(token)) == []

    def test_without_clauses_everything_matches(self, live):
        put(live, one=document(body="a", newest=1), two=document(body="b", newest=2))
        assert keys(live, EngineQuery(audience=EVERYBODY, order="newest")) == ["two", "one"]


class TestOrder:
    def test_more_and_rarer_words_rank_first(self, live):
        common = {f"x{i}": document(body="県 会議") for i in range(9)}
        put(live, **common, best=document(body="県 会議 避難"))
        assert keys(live, words("県", "避難", minimum=1))[0] == "best"

    def test_kinds_are_summed_with_their_weights(self, live):
        put(
            live,
            one=document(body="甲"),
            two=IndexedDocument({"a": {"body": "甲"}, "b": {"body": "甲乙"}}, {}, ("public",), 0, Signals()),
        )
        plan = replace(
            words("甲"), scoring=(Scoring(TokenKind.UNIT, ("甲",), 1.0), Scoring(TokenKind.BIGRAM, ("甲乙",), 0.5))
        )
        assert keys(live, plan) == ["two", "one"]

    def test_pages_never_repeat_or_skip_a_hit_with_equal_scores(self, live):
        put(live, **{f"k{i:03}": document(body="同じ") for i in range(45)})
        plan = words("同じ", limit=10)
        seen = [key for offset in range(0, 50, 10) for key in keys(live, replace(plan, offset=offset))]
        assert len(seen) == 45 and len(set(seen)) == 45

    @pytest.mark.parametrize("order", ["newest", "relevance"])
    def test_a_page_beyond_the_last_is_empty(self, live, order):
        put(live, one=document(body="a"))
        result = live.search(words("a", order=order, offset=100_000))
        assert (result.total, result.hits) == (1, ())

    def test_newest_first_over_many_documents(self, live):
        put(live, **{f"k{i}": document(body="a", newest=i) for i in range(50)})
        assert keys(live, words("a", order="newest", offset=10, limit=3)) == ["k39", "k38", "k37"]


class TestPermission:
    @pytest.fixture
    def mixed(self, live):
        put(
            live,
            open=document(body="秘密", type="lesson", theme="bosai"),
            unit=document(body="秘密", audience=("unit:1",), type="lesson", theme="zeimu"),
        )
        return live

    def test_hidden_documents_are_in_no_hit_total_or_count(self, mixed):
        result = mixed.search(words("秘密", facets=("type", "theme")))
        assert ([hit.key for hit in result.hits], result.total) == (["open"], 1)
        assert result.facets == {"type": {"lesson": 1}, "theme": {"bosai": 1}}

    def test_any_token_of_the_reader_gives_access(self, mixed):
        plan = replace(words("秘密", facets=("type",)), audience=frozenset({"public", "unit:1"}))
        assert mixed.search(plan).facets == {"type": {"lesson": 2}}

    def test_a_reader_without_tokens_finds_nothing(self, mixed):
        assert mixed.search(replace(words("秘密"), audience=frozenset())).total == 0

    def test_hidden_keys_are_in_no_count(self, mixed):
        result = mixed.search(words("秘密", facets=("theme",), hidden=frozenset({"open", "unknown"})))
        assert (result.total, result.facets) == (0, {"theme": {}})


class TestFacets:
    @pytest.fixture
    def shelf(self, live):
        put(
            live,
            a=document(body="本", type="lesson", theme=("x", "y")),
            b=document(body="本", type="lesson", theme="y"),
            c=document(body="本", type="article", theme="x"),
        )
        return live

    def test_the_counts_of_a_facet_ignore_its_own_filter(self, shelf):
        result = shelf.search(words("本", facets=("type", "theme"), filters={"type": frozenset({"article"})}))
        assert result.total == 1
        assert result.facets == {"type": {"lesson": 2, "article": 1}, "theme": {"x": 1}}

    def test_values_of_one_facet_mean_or_and_facets_mean_and(self, shelf):
        filters = {"type": frozenset({"article", "lesson"}), "theme": frozenset({"y"})}
        assert set(keys(shelf, words("本", filters=filters))) == {"a", "b"}

    def test_an_unknown_code_finds_nothing(self, shelf):
        assert shelf.search(words("本", filters={"theme": frozenset({"no such"})})).total == 0


class TestWriting:
    def test_a_later_version_replaces_all_of_a_document(self, live):
        put(live, 1, one=document(body="旧", type="lesson", audience=("public", "unit:1")))
        put(live, 2, one=document(body="新", type="article"))
        assert keys(live, words("旧")) == []
        assert live.search(words("新", facets=("type",))).facets == {"type": {"article": 1}}
        assert live.search(replace(words("新"), audience=frozenset({"unit:1"}))).total == 0

    def test_a_late_older_version_changes_nothing(self, live):
        put(live, 5, one=document(body="新"))
        put(live, 4, one=document(body="旧"))
        put(live, 5, one=document(body="同"))
        assert (keys(live, words("新")), live.stored(["one"])) == (["one"], {"one": 5})

    def test_a_delete_is_not_undone_by_an_older_update(self, live):
        put(live, 1, one=document(body="a", type="lesson"))
        live.write([Change("one", 3, None)])
        put(live, 2, one=document(body="a", type="lesson"))
        result = live.search(words("a", facets=("type",)))
        assert (result.total, result.facets, list(live.entries())) == (0, {"type": {}}, [])
        put(live, 4, one=document(body="a", type="lesson"))
        assert live.search(words("a", facets=("type",))).facets == {"type": {"lesson": 1}}

    def test_a_batch_may_name_one_key_twice(self, live):
        live.write([Change("one", 1, document(body="a", theme="x")), Change("one", 2, document(body="b", theme="y"))])
        assert live.search(words("b", facets=("theme",))).facets == {"theme": {"y": 1}}

    def test_deleting_an_unknown_key_is_recorded(self, live):
        live.write([Change("one", 2, None)])
        put(live, 1, one=document(body="a"))
        assert keys(live, words("a")) == [] and live.stored(["one", "two"]) == {"one": 2}

    def test_entries_are_ordered_by_key(self, live):
        put(live, 7, b=document(body="x"), a=document(body="y"))
        assert list(live.entries()) == [("a", 7), ("b", 7)] and live.highest_version() == 7


NAN = float("nan")
POISON = {
    "a lone surrogate in a text": document(body="前 \ud800 後"),
    "a NUL in a text": document(body="前\0後"),
    "a lone surrogate in a code": document(body="毒", theme="\udfff"),
    "a facet that nobody knows": document(body="毒", flavour="x"),
    "a kind of tokens that nobody knows": document(body="毒", kind="z"),
    "a date that is no number": document(body="毒", newest=NAN),
    "a code without end": document(body="毒", theme="x" * 40_000),
    "a token of the audience without end": document(body="毒", audience=("unit:" + "x" * 40_000,)),
}


class TestPoison:
    @pytest.mark.parametrize("what", POISON)
    def test_an_invalid_document_is_rejected_and_affects_no_other(self, live, what):
        refused = live.write(
            [
                Change("one", 1, document(body="薬")),
                Change("bad", 1, POISON[what]),
                Change("two", 1, document(body="薬")),
            ]
        )
        assert list(refused) == ["bad"] and refused["bad"]
        assert set(keys(live, words("薬"))) == {"one", "two"} and live.stored(["bad"]) == {}
        put(live, 2, bad=document(body="薬"))
        assert set(keys(live, words("薬"))) == {"one", "two", "bad"}

    @pytest.mark.parametrize("key", ["", "item:" + "9" * 600, "item:\ud800"])
    def test_an_invalid_key_is_rejected(self, live, key):
        refused = live.write([Change(key, 1, document(body="薬")), Change("one", 1, document(body="薬"))])
        assert list(refused) == [key] and keys(live, words("薬")) == ["one"]

    @pytest.mark.parametrize("length", [255, 256, 5_000, 40_000])
    def test_a_very_long_token_finds_itself(self, live, length):
        assert put(live, one=document(body=f"前 {'x' * length} 後"), two=document(body="前 後")) == {}
        assert keys(live, words("x" * length)) == ["one"]

    def test_a_long_document_is_stored_completely(self, live):
        put(live, one=document(body=" ".join(f"語{n}" for n in range(60_000))))
        assert keys(live, words("語0", "語59999")) == ["one"]


class TestGenerations:
    def test_before_the_first_swap_there_is_no_index(self, engine):
        engine.create("stamp")
        with pytest.raises(IndexLost):
            engine.search(words("a"))

    def test_a_generation_under_construction_is_not_read(self, live):
        put(live, one=document(body="古い"))
        name = live.create("next")
        put(live, 2, name, two=document(body="新しい"))
        assert keys(live, words("古い")) == ["one"] and keys(live, words("新しい")) == []
        live.swap(name)
        assert keys(live, words("古い")) == [] and keys(live, words("新しい")) == ["two"]
        assert [(g.stamp, g.live) for g in live.generations()] == [("next", True)]

    def test_a_write_reaches_all_generations(self, live):
        name = live.create("next")
        put(live, one=document(body="両方"))
        assert keys(live, words("両方")) == ["one"]
        live.swap(name)
        assert keys(live, words("両方")) == ["one"]

    def test_a_dropped_generation_cannot_be_written_or_swapped_in(self, live):
        name = live.create("next")
        live.drop(name)
        with pytest.raises(GenerationGone):
            put(live, 1, name, one=document(body="a"))
        with pytest.raises(GenerationGone):
            live.swap(name)
        assert live.search(words("a")).total == 0

    def test_names_of_generations_are_not_reused(self, live):
        first = live.create("a")
        live.drop(first)
        assert live.create("b") != first


class TestManyAtOnce:
    def test_threads_search_while_others_write(self, live):
        unexpected = []

        def write(first):
            for i in range(first, first + 30):
                put(live, i + 1, **{f"k{i}": document(body="共通", type="lesson")})

        def read():
            for _ in range(40):
                result = live.search(words("共通", facets=("type",), limit=1000))
                if not len(result.hits) == result.total == result.facets["type"].get("lesson", 0):
                    unexpected.append(result.total)

        threads = [threading.Thread(target=write, args=(n,)) for n in (0, 100)] + [
            threading.Thread(target=read) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert unexpected == [] and live.search(words("共通")).total == 60

    def test_a_forked_process_uses_its_own_connection(self, live):
        put(live, one=document(body="a"))
        assert keys(live, words("a")) == ["one"]  # the parent's connection is open
        context = multiprocessing.get_context("fork")
        receiving, sending = context.Pipe(duplex=False)
        child = context.Process(target=lambda: sending.send(keys(live, words("a"))))
        child.start()
        child.join(20)
        assert receiving.recv() == ["one"]
        assert keys(live, words("a")) == ["one"]
