"""Highlighting: matches in the text as typed, and nothing added but <mark>."""

import re

import pytest
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from search.highlight import SNIPPET, highlighted
from search.query import parse
from search.query_plan import plan_query


def words(query):
    plan = plan_query(parse({"q": [query]}), [["教育委員会", "教委"]])
    return plan.forms, plan.typed


def marked(text, forms, typed):
    return highlighted(text, (), forms, typed)[0]


def snippet(texts, forms, typed):
    return highlighted("", texts, forms, typed)[1]


@pytest.mark.parametrize(
    ("query", "text", "html"),
    [
        ("ふりかえり", "年度末の振返りをした", "年度末の<mark>振返り</mark>をした"),
        ("サーバ", "ｻｰﾊﾞｰが止まった", "<mark>ｻｰﾊﾞｰ</mark>が止まった"),
        ("R6", "令和６年度の取組", "<mark>令和６年度</mark>の取組"),
        ("取組", "新しく取り組んだ", "新しく<mark>取り組ん</mark>だ"),
        ("避難所", "避難所の受付", "<mark>避難所</mark>の受付"),  # two short units, one mark
        (
            "避難所",
            "避難した人の居る所が分からない",
            "<mark>避難</mark>した人の居る所が分からない",
        ),  # 所 alone says nothing
        ("所", "居る所", "居る<mark>所</mark>"),
        ("教委", "県教育委員会", "県<mark>教育委員会</mark>"),
        ("長野", "⻑野県", "<mark>⻑野</mark>県"),
        ("県庁", "県庁について", "<mark>県庁</mark>について"),  # cut otherwise by the dictionary
        ("のは", "これは本です", "これは本です"),
        ("x", "<script>alert(1)</script> & x", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; <mark>x</mark>"),
        ("mark", "<mark>", "&lt;<mark>mark</mark>&gt;"),
    ],
)
def test_matches_are_marked(query, text, html):
    assert marked(text, *words(query)) == html


@pytest.mark.parametrize(
    ("query", "text", "html"),
    [
        ("十月", "10月に始め、十月に終えた", "<mark>10月</mark>に始め、<mark>十月</mark>に終えた"),
        ("取組", "取組を始めた。取り組んだ人に聞く", "<mark>取組</mark>を始めた。<mark>取り組ん</mark>だ人に聞く"),
        ("避難", "避難した。ひなんの訓練、よその話", "<mark>避難</mark>した。<mark>ひなん</mark>の訓練、よその話"),
        ("PC", "ＰＣを配った（pcの設定）", "<mark>ＰＣ</mark>を配った（<mark>pc</mark>の設定）"),
        ("はんこ", "判子をなくした。ハンコの話", "<mark>判子</mark>をなくした。<mark>ハンコ</mark>の話"),
        ("バイオリン", "ヴァイオリン、バイオリン", "<mark>ヴァイオリン</mark>、<mark>バイオリン</mark>"),
    ],
)
def test_every_spelling_of_a_word_is_marked_in_one_text(query, text, html):
    assert marked(text, *words(query)) == html


def test_a_word_that_the_prefilter_misses_is_marked_if_nothing_else_is():
    assert "<mark>訊ね</mark>" in marked("窓口で訊ねられた", *words("尋ねる"))


def test_a_snippet_shows_the_match():
    text = "前置きが続きます。" * 100 + "そこで避難所の受付を二人にした。" + "後書きが続きます。" * 100
    html = snippet(("", text), *words("避難所"))
    assert "<mark>避難所</mark>" in html and html.startswith("…") and html.endswith("…")
    assert len(re.sub("</?mark>|…", "", html)) <= SNIPPET


def test_without_a_match_a_snippet_is_the_beginning():
    assert snippet(("要旨です。", "本文です。"), *words("避難所")) == "要旨です。 本文です。"
    assert snippet(("あ" * 500,), frozenset(), ()).startswith("あああ")


def test_a_summary_that_begins_the_text_is_not_repeated():
    assert snippet(("受付を二人にした。", "受付を二人にした。列ができなかった。"), *words("台風")) == (
        "受付を二人にした。列ができなかった。"
    )


def test_a_snippet_shows_most_of_the_words():
    text = "台風が来た。" + "間の文です。" * 60 + "台風の夜に避難所の受付で列ができた。" + "間の文です。" * 60
    assert "受付" in snippet((text,), *words("台風 避難所 受付"))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.text(max_size=12))
def test_highlighting_only_adds_marks(text, query):
    html = marked(text, *words(query))
    assert re.sub("</?mark>", "", html) == escape(text)
