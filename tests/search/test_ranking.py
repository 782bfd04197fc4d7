"""The purpose of every number in search/ranking.py, so that a change of one shows what it was for."""

from itertools import pairwise

import pytest

from search import ranking
from search.documents import Attachment, SearchDocument
from search.engines import temporary
from search.engines.base import EngineHit, Signals, TokenKind
from search.evaluation import first_page, load
from search.judgements import JudgedCollection


def hit(key, score=1.0, **signals):
    return EngineHit(key, score, Signals(public_id=key, **signals))


def ordered(*hits, audience=frozenset()):
    return [hit.key for hit in ranking.order(hits, audience)]


def bonus(day=0, newest=0, audience=(), **signals):
    """The bonus over a document with maturity `observed` and no other signals."""
    return ranking.boost(Signals(maturity="observed", day=day, **signals), newest, audience) - 1


class TestBoosts:
    def test_the_bonus_rises_with_maturity(self):
        stages = ["learned", "implemented", "identified", "noted", "observed"]
        values = [ranking.boost(Signals(maturity=stage), 0, ()) for stage in stages]
        assert values == sorted(values, reverse=True) and values[2] == values[3]
        assert len(set(values)) == 4

    def test_an_item_without_maturity_equals_a_noted_lesson(self):
        assert ranking.boost(Signals(), 0, ()) == ranking.boost(Signals(maturity="noted"), 0, ())

    def test_each_doubling_of_use_adds_the_same_up_to_five(self):
        steps = [bonus(reuse=2**n - 1) for n in range(8)]
        gains = [after - before for before, after in pairwise(steps)]
        assert gains[:5] == pytest.approx([gains[0]] * 5) and gains[0] > 0
        assert gains[5:] == pytest.approx([0, 0])
        assert bonus(reuse=-1) == 0

    def test_freshness_halves_after_two_years(self):
        assert bonus(day=20_000, newest=20_730) == pytest.approx(bonus(day=20_000, newest=20_000) / 2)
        assert bonus(day=0, newest=20_000) == 0  # without a date: no bonus
        assert bonus(day=20_001, newest=20_000) == bonus(day=20_000, newest=20_000)

    def test_the_own_unit_bonus_is_for_its_members_only(self):
        assert bonus(unit_uid="u1", audience={"unit:u1"}) > 0
        assert bonus(unit_uid="u1", audience={"unit:u2"}) == 0

    def test_a_superseded_item_needs_much_better_words_to_rank_above(self):
        assert ordered(hit("old", 1.4, superseded_by="gone"), hit("other", 1.0)) == ["other", "old"]
        assert ordered(hit("old", 1.5, superseded_by="gone"), hit("other", 1.0)) == ["old", "other"]

    @pytest.mark.parametrize(
        "better",
        [{"maturity": "learned"}, {"reuse": 3}, {"day": 20_000}, {"unit_uid": "u1"}],
        ids=["what was verified", "what others use", "what is newer", "what my office wrote"],
    )
    def test_worth_decides_between_equal_words(self, better):
        start = {"maturity": "observed", "day": 18_000}
        pair = hit("a", **start), hit("b", **{**start, **better})
        assert ordered(*pair, audience={"unit:u1"}) == ["b", "a"]

    def test_worth_never_outruns_words(self):
        best = {"maturity": "learned", "reuse": 9999, "day": 20_000, "unit_uid": "u1"}
        assert ordered(hit("a", 1.34), hit("b", 1.0, **best), audience={"unit:u1"}) == ["a", "b"]


class TestOrder:
    def test_a_superseded_item_ranks_right_below_its_successor(self):
        old, new = hit("old", 9.0, superseded_by="new"), hit("new", 1.0)
        assert ordered(old, hit("other", 5.0), new) == ["other", "new", "old"]
        assert ordered(old, hit("other", 2.0)) == ["old", "other"]

    def test_two_that_supersede_each_other_both_stay(self):
        assert set(ordered(hit("a", superseded_by="b"), hit("b", superseded_by="a"))) == {"a", "b"}

    def test_equal_hits_are_ordered_by_key(self):
        assert ordered(hit("b"), hit("a"), hit("c")) == ["a", "b", "c"]

    def test_the_window_is_a_multiple_of_the_page_size(self):
        assert ranking.WINDOW % ranking.PAGE_SIZE == 0
        assert ranking.LAST_PAGE * ranking.PAGE_SIZE <= 10_000  # Elasticsearch's limit


class TestHowMuchToAskFor:
    @pytest.mark.parametrize(
        ("words", "tries"), [(1, [1]), (2, [1]), (3, [2, 1]), (6, [2, 1]), (10, [3, 2, 1]), (24, [8, 4, 1])]
    )
    def test_a_sentence_requires_a_third_then_less(self, words, tries):
        assert ranking.minimum_matches(words) == tries

    @pytest.mark.parametrize(("words", "tries"), [(1, []), (2, [1]), (3, [2, 1]), (6, [5, 3, 1])])
    def test_nouns_require_one_less_then_half_then_any(self, words, tries):
        assert ranking.fewer(words) == tries

    def test_enough_is_a_full_page_of_compounds_and_three_for_a_sentence(self):
        assert ranking.ENOUGH_CLOSE == ranking.PAGE_SIZE
        assert ranking.PAGE_SIZE < ranking.ENOUGH_FOR_SENTENCE <= ranking.WINDOW


def page(text, synonyms=(), /, **documents):
    """The names of the documents found for a query, best first. Each document is given by the fields that differ."""
    filler = {"title": "件名", "body": "本文です。"}
    documents = [
        SearchDocument(
            key=f"judged:{name}",
            source="judged",
            type="lesson",
            public_id="",
            url="",
            audience=("public",),
            **{**filler, **parts},
        )
        for name, parts in documents.items()
    ]
    with temporary() as engine:
        load(engine, JudgedCollection("made up", documents, ()))
        return list(first_page(engine, text, synonyms))


class TestWeights:
    """The effect of the weights in an engine, with documents that differ in one respect."""

    def test_a_title_counts_a_little_more_than_a_text(self):
        assert page("除雪", text={"title": "作業", "body": "除雪"}, title={"title": "除雪", "body": "作業"}) == [
            "title",
            "text",
        ]
        assert 1 < ranking.FIELD_WEIGHTS["title"] <= 1.5  # a large title boost lowered the figures of every set

    def test_keywords_and_summary_count_as_a_text_does(self):
        assert ranking.FIELD_WEIGHTS["summary"] == ranking.FIELD_WEIGHTS["names"] == ranking.FIELD_WEIGHTS["body"] == 1

    def test_a_file_counts_less_than_the_text(self):
        file = {"body": "作業", "attachments": (Attachment("表", "除雪"),)}
        assert page("除雪", file=file, text={"body": "除雪"}) == ["text", "file"]

    def test_short_units_carry_the_meaning(self):
        kinds = ranking.KIND_WEIGHTS
        assert kinds["a"] > kinds["c"] > kinds["b"] > 0

    def test_adjacent_words_rank_above_separate_ones(self):
        apart = {"body": "会では道路の説明"}
        assert page("説明会", apart=apart, together={"body": "道路の説明会では"}) == ["together", "apart"]

    def test_a_full_page_of_compounds_needs_no_wider_attempt(self):
        together = {f"t{n}": {"body": "道路の説明会では"} for n in range(ranking.ENOUGH_CLOSE)}
        assert set(page("説明会", apart={"body": "会では道路の説明"}, **together)) == set(together)

    def test_a_word_ranks_above_its_synonym(self):
        words = [["苦情", "クレーム"]]
        ranked = page("苦情", words, other={"body": "クレームの電話"}, same={"body": "苦情の電話"})
        assert ranked == ["same", "other"]
        assert 0 < ranking.SYNONYM_WEIGHT < ranking.SYNONYM_ALONE < 1

    def test_a_synonym_does_not_lose_to_a_more_frequent_word(self):
        reports = {f"report{n}": {"title": "月の報告", "body": "報告の列。"} for n in range(6)}
        others = {f"other{n}": {} for n in range(30)}
        complaint = {"title": "月の苦情", "body": "苦情の列。"}
        ranked = page("クレーム 報告", [["苦情", "クレーム"]], complaint=complaint, **reports, **others)
        assert ranked[0] == "complaint" and len(ranked) == 7

    def test_a_word_typed_in_kana_matches_by_its_reading(self):
        assert page("ひなんじょ", kanji={"title": "避難所"}, none={"title": "会議室"}) == ["kanji"]
        assert ranking.KIND_WEIGHTS[TokenKind.READING] <= ranking.KIND_WEIGHTS[TokenKind.UNIT]

    def test_a_year_finds_the_documents_of_that_year(self):
        assert page(
            "令和6年度 除雪", old={"body": "除雪", "fiscal_year": 2023}, it={"body": "除雪", "fiscal_year": 2024}
        ) == ["it"]
