"""Analysis of Japanese text: words with several spellings have one analysis."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.analysis import analyse, bigrams, fold, kana_reading, occurrences, query_forms, single_kanji
from search.engines.base import TokenKind
from search.normalization import normalize, segments

SAME = [
    ("ふりかえり", "振り返り"),
    ("ふりかえり", "振返り"),
    ("引継ぎ", "引き継ぎ"),
    ("引継ぎ", "引継"),
    ("サーバ", "サーバー"),
    ("子ども", "こども"),
    ("子供", "こども"),
    ("渡邊", "渡辺"),
    ("渡邉", "渡辺"),
    ("ＡＢＣ１２３", "abc123"),
    ("ｻｰﾊﾞｰ", "サーバ"),
    # words of public offices
    ("取組", "取り組み"),
    ("申込", "申し込み"),
    ("申込み", "申し込み"),
    ("問合せ", "問い合わせ"),
    ("問い合せ", "問合わせ"),
    ("斉藤", "斎藤"),
    ("齋藤", "斎藤"),
    ("打合せ", "打ち合わせ"),
    ("手続", "手続き"),
    ("障がい", "障害"),
    ("見込", "見込み"),
    ("とりまとめ", "取りまとめ"),
    ("まちづくり", "街づくり"),
    ("ひやりはっと", "ヒヤリ・ハット"),
    ("うちあわせ", "打合せ"),
    ("髙橋", "高橋"),
    ("山﨑", "山崎"),
    ("廣瀬", "広瀬"),
    ("櫻井", "桜井"),
    # nouns and their verbs
    ("取り組む", "取組"),
    ("申し込む", "申込み"),
    ("引き継ぐ", "引継ぎ"),
    ("振り返る", "ふりかえり"),
    ("見直す", "見直し"),
    # katakana
    ("ヴァイオリン", "バイオリン"),
    ("メンバ", "メンバー"),
    ("ソフトウェア", "ソフトウエア"),
    ("データ・ベース", "データベース"),
    ("サ-バー", "サーバー"),
    ("マネージャー", "マネジャー"),
    ("ディジタル", "デジタル"),
    # characters that PDF files and macOS produce
    ("⻑野", "長野"),
    ("市⺠", "市民"),
    ("⻄⽇本", "西日本"),
    ("か\u3099く", "がく"),
    ("ﾊﾟﾝ", "パン"),
    ("県\u200b庁", "県庁"),
    # counters and places
    ("３ヶ所", "3か所"),
    ("5ヵ年計画", "５カ年計画"),
    ("霞ヶ関", "霞が関"),
    # years
    ("R6", "令和6年"),
    ("Ｒ６", "令和６年"),
    ("R1", "令和元年"),
    ("2019", "令和元年"),
    ("2019年", "令和元年"),
    ("FY2024", "令和6年度"),
    ("2024年度", "令和６年度"),
    ("R6年度", "令和6年度"),
    ("平成30年", "2018年"),
    ("H30", "2018年"),
    ("カー-ド", "カード"),
    ("カー〜ド", "カード"),
]


@pytest.mark.parametrize(("spelling", "other"), SAME)
def test_two_spellings_give_the_same_query(spelling, other):
    assert query_forms(spelling) == query_forms(other) != ()


@pytest.mark.parametrize(("spelling", "other"), SAME)
@pytest.mark.parametrize("turned", [False, True])
def test_a_query_in_one_spelling_matches_a_text_in_the_other(spelling, other, turned):
    query, text = (other, spelling) if turned else (spelling, other)
    held = {token.form for token in analyse(f"報告：{text}。担当者が説明した。").units}
    assert set(query_forms(query)) <= held


@pytest.mark.parametrize(
    ("query", "text", "matches"),
    [
        ("R6", "令和6年度の事業", True),
        ("R6", "FY2024", True),
        ("令和6年度", "R6に始めた", True),
        ("2024", "令和6年度", True),
        ("2024年", "令和6年度", True),
        ("令和6年度", "令和6年4月1日", False),  # a fiscal year does not match the plain year
        ("令和6年度", "令和7年度", False),
        ("2019", "2019/5/1", True),
        ("2019", "12019件", False),
        ("R1", "R10", False),
        ("L-R07-00123", "L-R07-00123を見てください", True),
        ("L-R07-00123", "L-R07-00124", False),
        ("c++", "c#とc", False),
        ("c++", "C++で書いた", True),
    ],
)
def test_years_ids_and_signs(query, text, matches):
    assert (set(query_forms(query)) <= set(analyse(text).forms(TokenKind.UNIT))) is matches


def test_a_wave_dash_between_numbers_is_not_a_long_vowel():
    assert normalize("10〜20、10～20").text == "10~20、10~20"
    assert normalize("らーめん、ら〜めん、スーパ〜マン").text == "らーめん、らーめん、スーパーマン"
    assert "ー" not in normalize("東京－大阪、ア〜ウ、1-2").text


def test_particles_auxiliaries_and_light_words_are_dropped():
    assert query_forms("です") == query_forms("のは") == query_forms("こと") == query_forms("。、！") == ()
    assert query_forms("避難所を運営した") == query_forms("避難所 運営する")


def test_numbers_in_kanji_are_numbers():
    assert query_forms("台風十九号") == query_forms("台風19号")


def test_only_words_that_split_are_compounds():
    assert analyse("node.jsとa/b").forms(TokenKind.COMPOUND) == ["node.js", "a/b"]
    assert analyse("避難").forms(TokenKind.COMPOUND) == []


def test_bigrams_of_a_text():
    assert list(bigrams("避難所 ab 1です")) == ["避難", "難所", "ab", "1で"]
    assert single_kanji("橋と道路") == ["橋", "道", "路"]


def test_readings_of_neighbours_are_joined_to_find_compounds():
    assert {"サイガイ", "タイサク", "サイガイタイサク"} <= set(analyse("災害対策").forms(TokenKind.READING))
    assert (kana_reading("さいがい"), kana_reading("サイガイ"), kana_reading("災害"), kana_reading("い")) == (
        "サイガイ",
        "サイガイ",
        "",
        "",
    )


def test_spans_refer_to_the_text_as_typed():
    text = "ｻｰﾊﾞｰの ふりかえり（⻑野県、令和６年度）"
    written_by_form = {token.form: text[token.begin : token.end] for token in analyse(text).units}
    assert written_by_form["サーバ"] == "ｻｰﾊﾞｰ" and written_by_form["振返"] == "ふりかえり"
    assert written_by_form["長野"] == "⻑野" and written_by_form["fy2024"] == "令和６年度"


ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates and NUL included
JAPANESE = st.text("ぁあがヴァィーヶ・〜～-ﾞﾟｻﾊ１2年度令和元RHFY辺邊⻑令\u3099\u0301 。ab+/'\"取り組み", max_size=30)


@given(st.one_of(ANY_TEXT, JAPANESE))
def test_any_text_has_an_analysis(text):
    analysis = analyse(text)
    for token in (*analysis.units, *analysis.compounds):
        assert 0 <= token.begin < token.end <= len(text)
        assert token.form and not any(ch.isspace() or ch == '"' for ch in token.form)
        token.form.encode()  # can be encoded
    assert all(pair and not any(ch.isspace() for ch in pair) for pair in analysis.bigrams)


@given(st.one_of(ANY_TEXT, JAPANESE))
def test_normalizing_twice_equals_once(text):
    once = normalize(text)
    assert normalize(once.text).text == once.text
    assert len(once.text) == len(once.begins) == len(once.ends)
    assert "".join(segment.text for segment in segments(once)) == once.text


@given(st.text(max_size=12))
def test_folding_twice_equals_once(form):
    assert fold(fold(form)) == fold(form)


def test_a_text_longer_than_the_dictionary_accepts():
    assert len(analyse("避難所を運営した。" * 5_000).units) >= 15_000
    assert analyse("あ" * 40_000) is not None and analyse("𠮷" * 20_000) is not None


def test_threads_share_one_dictionary():
    counts = []
    threads = [
        threading.Thread(target=lambda: counts.extend(len(analyse("避難所の運営").units) for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 200 and len(set(counts)) == 1


@pytest.mark.parametrize("read", [(), ("ヒナン", "ハンコ")])
@given(
    st.lists(
        st.sampled_from("避難所運営訓練 申し込む はんこ 判子 所 R6 令和6年度 node.js ｻｰﾊﾞｰ 、 事 12 の".split()),
        max_size=12,
    )
)
def test_occurrences_equal_the_matching_tokens_of_the_analysis(read, words):
    text = "".join(words)
    analysis = analyse(text)
    forms = frozenset({"避難", "所", "避難所運営", "申込", "fy2024", "node.js", "サーバ", "事", "12"})
    expected = [token for token in (*analysis.units, *analysis.compounds) if token.form in forms]
    expected += [token for token in analysis.units if token.reading in read and token not in expected]
    assert sorted(occurrences(normalize(text), forms, read)) == sorted(expected)
