"""The fields of one line of an import: what becomes a record, and which message refuses the others."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.references.fields import MAX_TEXT, RefusalError, record_from

ONE = {"id": "1", "title": "避難所の名簿", "text": "本文です。"}


def made(**values):
    return record_from({**ONE, **values})


def refusal(**values):
    with pytest.raises(RefusalError) as refused:
        made(**values)
    return str(refused.value)


def test_the_smallest_line_is_accepted():
    record = record_from(ONE)
    assert (record.external_id, record.title, record.text) == ("1", "避難所の名簿", "本文です。")
    assert (record.occurred_on, record.unit_as_given, record.url, record.keywords) == (None, "", "", ())


@pytest.mark.parametrize("written", ["2024-04-15", "2024/4/15", "2024.04.15", "2024-04-15T09:00:00+09:00"])
def test_dates_of_several_forms(written):
    assert made(date=written).occurred_on == date(2024, 4, 15)


@pytest.mark.parametrize("written", ["2024-13-01", "2024-02-30", "昨日", "2024-04", "0000-01-01", "２０２４年"])
def test_an_invalid_date_is_refused(written):
    assert "日付として読めません" in refusal(date=written)


@pytest.mark.parametrize("name", ["unit", "organization", "municipality"])
def test_the_unit_stays_as_given(name):
    assert made(**{name: "神奈川県厚木市"}).unit_as_given == "神奈川県厚木市"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "ftp://example.jp/", "/path", "http://"]
)
def test_only_web_addresses_are_accepted(address):
    assert "url は" in refusal(url=address)


def test_a_path_in_an_archive_is_ignored():
    assert made(url_or_path="csv/142123.csv").url == ""
    assert made(url_or_path="https://example.jp/1").url == "https://example.jp/1"
    assert "url は" in refusal(url_or_path="javascript:alert(1)")


@pytest.mark.parametrize(
    ("given_words", "kept"),
    [(["雨", "雨", "土のう"], ("雨", "土のう")), ("雨、土のう", ("雨", "土のう")), ([], ()), (None, ())],
)
def test_keywords_as_array_or_with_commas(given_words, kept):
    assert made(keywords=given_words).keywords == kept


@pytest.mark.parametrize(("text", "language"), [("かな", "ja"), ("Words only.", "en"), ("漢字", "ja")])
def test_the_language_is_guessed_by_its_letters(text, language):
    assert record_from({"id": "1", "title": "1", "text": text}).language == language


def test_the_language_is_kept_as_a_code():
    assert made(language="zh_TW").language == "zh-tw"
    assert "言語コード" in refusal(language='"><script>')


def test_sections_have_headings_in_the_language_of_the_text():
    sections = {"driving_event": "It rained.", "lesson": "Bring sandbags.", "よもやま": "more"}
    record = made(title="Rain", text="", sections=sections, language="en")
    assert (
        record.text
        == "## Driving Event\n\nIt rained.\n\n## Lesson(s) Learned\n\nBring sandbags.\n\n## よもやま\n\nmore"
    )
    assert "## 教訓" in made(sections={"lesson": "土のうは前日に。"}).text


def test_sections_as_an_array_keep_their_order():
    record = made(text="", sections=[{"heading": "乙", "text": "二"}, {"heading": "甲", "text": "一"}])
    assert record.text == "## 乙\n\n二\n\n## 甲\n\n一"


def test_a_section_already_in_the_text_is_not_repeated():
    assert made(text="## Lesson\n\nBring sandbags.", lesson="Bring sandbags.").text.count("sandbags") == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"id": None}, "id がありません"),
        ({"id": ""}, "id が空です"),
        ({"id": True}, "文字列"),
        ({"id": "a" * 201}, "200文字まで"),
        ({"title": None}, "title がありません"),
        ({"title": " \u200b "}, "title が空です"),
        ({"title": ["x"]}, "title は文字列にします（今は配列です）"),
        ({"title": "あ" * 301}, "300文字まで"),
        ({"text": None}, "本文（text）が空です"),
        ({"text": {"a": 1}}, "今はオブジェクトです"),
        ({"text": "a\x00b"}, "2文字目に、保存できない文字（NUL文字）"),
        ({"title": "a\ud800"}, "こわれた文字"),
        ({"date": 20240415}, "date は文字列"),
        ({"keywords": {"a": 1}}, "配列"),
        ({"keywords": [1]}, "文字列"),
        ({"keywords": [str(n) for n in range(51)]}, "50個まで"),
        ({"unit": "あ" * 201}, "200文字まで"),
        ({"sections": "words"}, "sections は"),
        ({"sections": {"": "text"}}, "見出し"),
        ({"sections": {"甲": 3}}, "sections の 甲"),
    ],
)
def test_a_bad_field_is_named_with_the_reason(values, words):
    assert words in refusal(**values)


def test_a_text_of_two_million_characters_is_refused_and_a_long_one_accepted():
    assert "2,000,000文字" in refusal(text="あ" * 2_000_000)
    assert len(made(text="あ" * 156_583).text) == 156_583
    assert len(made(text="あ" * MAX_TEXT).text) == MAX_TEXT


def test_an_id_may_be_a_number():
    assert made(id=17).external_id == "17"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    "id title text date published unit url url_or_path language keywords topics licence sections lesson".split()
)


@given(st.dictionaries(NAMES, VALUES))
def test_any_object_is_a_record_or_a_refusal(value):
    try:
        record = record_from({**ONE, **value})
    except RefusalError as refused:
        assert str(refused)
    else:
        json.dumps(record.keywords).encode()
        assert record.title.strip() and record.text.strip() and len(record.external_id) <= 200
