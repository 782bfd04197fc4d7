"""Parsing of requests and query plans, both as data, without an engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import ranking
from search.engines.base import Clause, Match, TokenKind
from search.query import FACETS, MAX_CHARACTERS, MAX_WORDS, SearchRequest, Word, parse, parse_words
from search.query_plan import plan_query


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("避難所　運営", [Word("避難所"), Word("運営")]),
        ('"避難所の運営" 訓練', [Word("避難所の運営", phrase=True), Word("訓練")]),
        ("“避難所の運営”", [Word("避難所の運営", phrase=True)]),
        ("訓練 -会議 －研修", [Word("訓練"), Word("会議", excluded=True), Word("研修", excluded=True)]),
        ('-"定例 会議"', [Word("定例 会議", phrase=True, excluded=True)]),
        ("L-R07-00123", [Word("L-R07-00123")]),
        ('片方だけの"引用符', [Word("片方だけの"), Word("引用符")]),
        ('""', []),
        ("- --", []),
        ("", []),
        # no other operators
        ("acl:*", [Word("acl:*")]),
        ("title:(", [Word("title:(")]),
        ("_exists_:a OR b", [Word("_exists_:a"), Word("OR"), Word("b")]),
        ("a AND NOT b*", [Word("a"), Word("AND"), Word("NOT"), Word("b*")]),
    ],
)
def test_words(text, words):
    assert parse_words(text) == tuple(words)


def test_an_address_round_trips():
    request = parse({"q": ["避難所"], "theme": ["bosai", "zeimu", "bosai"], "sort": ["newest"], "page": ["3"]})
    assert request == SearchRequest("避難所", (Word("避難所"),), {"theme": ("bosai", "zeimu")}, sort="newest", page=3)
    assert request.address(page=3) == "?q=%E9%81%BF%E9%9B%A3%E6%89%80&theme=bosai&theme=zeimu&sort=newest&page=3"
    assert request.address(without=("theme", "bosai"), sort="relevance") == "?q=%E9%81%BF%E9%9B%A3%E6%89%80&theme=zeimu"
    assert request.address(filters={}) == "?q=%E9%81%BF%E9%9B%A3%E6%89%80&sort=newest"


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "1.5", "²", "9" * 30])
def test_an_invalid_page_number_is_the_first_page(page):
    assert parse({"page": [page]}).page == 1


def test_a_text_that_is_too_long_is_cut_and_flagged():
    assert len(parse({"q": ["あ" * 10_000]}).text) == MAX_CHARACTERS
    many = parse({"q": [" ".join(f"語{n}" for n in range(60))]})
    assert (len(many.words), many.cut) == (MAX_WORDS, True)
    assert not parse({"q": ["短い"]}).cut


@given(
    st.dictionaries(
        st.sampled_from(["q", "page", "sort", "x", *FACETS]), st.lists(st.text(st.characters()), max_size=4)
    )
)
def test_any_query_string_is_a_request(parameters):
    request = parse(parameters)
    request.address(page=request.page).encode()
    plan_query(request, [])


def forms(clause):
    return [way.tokens for way in clause.any_of if way.kind == TokenKind.UNIT]


def plan_of(text, synonyms=()):
    return plan_query(parse({"q": [text]}), synonyms)


class TestQueryPlan:
    def test_several_words_mean_and_then_fewer_words_are_required(self):
        plan = plan_of("台風 避難所 受付")
        assert [(len(a.clauses), a.minimum, a.fewer) for a in plan.attempts][:4] == [
            (3, 3, False),
            (3, 3, False),
            (3, 2, True),
            (3, 1, True),
        ]
        assert forms(plan.attempts[0].clauses[1]) == [("避難", "所")]

    def test_a_compound_is_first_searched_with_adjacent_units(self):
        close, loose = plan_of("台風 説明会").attempts[:2]
        assert close.clauses[1].any_of[0] == Match(TokenKind.UNIT, ("説明", "会"), phrase=True)
        assert loose.clauses[1].any_of[0] == Match(TokenKind.UNIT, ("説明", "会"))
        assert (close.enough, loose.enough) == (ranking.ENOUGH_CLOSE, 1)
        assert not close.fewer and not loose.fewer  # both require all words

    def test_words_of_one_unit_have_no_adjacent_attempt(self):
        assert [(a.minimum, a.fewer) for a in plan_of("台風 受付").attempts] == [(2, False), (1, True)]

    def test_one_long_word_falls_back_to_its_parts(self):
        plan = plan_of("避難所運営訓練")
        assert [(len(a.clauses), a.minimum) for a in plan.attempts] == [(1, 1), (1, 1), (4, 3), (4, 2), (4, 1)]

    def test_a_sentence_is_ranked_as_or_with_a_minimum(self):
        plan = plan_of("台風のときに避難所の受付で困ったことは何ですか")
        first = plan.attempts[0]
        assert plan.sentence and first.minimum == ranking.minimum_match(len(first.clauses)) < len(first.clauses)
        assert [a.minimum for a in plan.attempts] == ranking.minimum_matches(len(first.clauses))
        assert [a.fewer for a in plan.attempts] == [False, *[True] * (len(plan.attempts) - 1)]
        assert {a.enough for a in plan.attempts} == {ranking.ENOUGH_FOR_SENTENCE}
        assert not plan_of("会計年度任用職員制度の手引").sentence

    def test_three_words_joined_by_particles_are_a_sentence(self):
        assert plan_of("個人情報が漏れた").sentence
        assert not plan_of("子供の意見").sentence

    def test_a_sentence_finds_by_synonyms(self):
        plan = plan_of("車の税金が高いと言われた", [["自動車税", "車の税金"]])
        assert Match(TokenKind.UNIT, ("自動", "車", "税")) in plan.attempts[0].clauses[0].any_of

    def test_a_synonym_stands_for_every_unit_when_fewer_are_required(self):
        plan = plan_of("ヒヤリハットの報告", [["ヒヤリハット", "close call"]])
        assert [(a.minimum, len(a.clauses)) for a in plan.attempts if a.fewer] == [(2, 3), (1, 3)]
        near, hat, report = map(forms, plan.attempts[-1].clauses)
        (synonym,) = near[1:]
        assert (near, hat, report) == ([("ひやり",), synonym], [("ハット",), synonym], [("報告",)])

    def test_a_synonym_stands_for_every_unit_in_a_sentence(self):
        plan = plan_of("車の税金が高いと言われた", [["自動車税", "車の税金"]])
        assert [forms(clause)[1:] for clause in plan.attempts[0].clauses[:3]] == [
            [("自動", "車", "税")],
            [("自動", "車", "税")],
            [],
        ]

    def test_a_synonym_weighs_more_if_not_every_word_is_required(self):
        plan = plan_of("クレーム 報告", [["苦情", "クレーム"]])
        weights = [next(s.weight for s in a.scoring if s.tokens == ("苦情",)) for a in plan.attempts]
        assert weights == [ranking.SYNONYM_WEIGHT, ranking.SYNONYM_ALONE]

    def test_a_phrase_is_required_in_every_attempt(self):
        plan = plan_of('"避難所の運営" 台風')
        assert plan.required == (
            Clause((Match(TokenKind.UNIT, ("避難", "所", "運営"), phrase=True), *plan.required[0].any_of[1:])),
        )
        assert all(len(attempt.clauses) == 1 for attempt in plan.attempts)

    def test_an_exclusion_matches_only_the_word_itself(self):
        (clause,) = plan_of("観光 -京都").excluded
        assert clause == Clause((Match(TokenKind.UNIT, ("京都",), phrase=True),))

    def test_a_word_also_matches_by_its_characters(self):
        assert Match(TokenKind.BIGRAM, ("県庁",), phrase=True) in plan_of("県庁").attempts[0].clauses[0].any_of

    def test_a_single_kanji_and_kana_have_their_own_matches(self):
        assert Match(TokenKind.BIGRAM, ("橋",), phrase=True) in plan_of("橋").attempts[0].clauses[0].any_of
        assert Match(TokenKind.READING, ("ヒナンジョ",)) in plan_of("ひなんじょ").attempts[0].clauses[0].any_of

    def test_synonyms_work_both_ways_and_inside_longer_words(self):
        groups = [["教育委員会", "教委"], ["災害対策本部", "災対本部"]]
        assert ("教育", "委員", "会") in forms(plan_of("教委", groups).attempts[0].clauses[0])
        assert len(forms(plan_of("教育委員会", groups).attempts[0].clauses[0])) == 2
        assert len(forms(plan_of("県教育委員会", groups).attempts[0].clauses[0])) == 2
        assert len(forms(plan_of('"教育委員会"', groups).required[0])) == 1  # a phrase has no synonyms

    @pytest.mark.parametrize("text", ["の", "です。", "！？", "は が を", "()", "-"])
    def test_words_without_tokens_are_ignored_and_reported(self, text):
        plan = plan_of(text)
        assert plan.attempts[0].clauses == () and plan.attempts[0].minimum == 0
        assert plan.ignored == tuple(text.split()) if text != "-" else plan.ignored == ()

    def test_the_number_of_clauses_is_bounded(self):
        plan = plan_of(
            "予算と契約と人事と防災と福祉と教育と観光と農業と林業と道路と河川と税務と広報と統計と環境と水道と医療と文化と交通と港湾と住宅と消防と警察と選挙と監査と国際と情報と労働"
        )
        assert len(plan.attempts[0].clauses) <= 24
