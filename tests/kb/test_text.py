"""What is kept of what was typed, and the sentences where it cannot be."""

import json
import unicodedata

import pytest
from django import forms
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from kb.text_cleaning import LineField, LongField, clean_text, is_blank


def refusal(field, value):
    with pytest.raises(ValidationError) as refused:
        field.clean(value)
    return refused.value.messages


class TestCleanText:
    def test_kana_typed_in_two_parts_is_composed(self):
        assert clean_text("か\u3099き\u3099") == "がぎ"

    def test_line_ends_become_one_kind(self):
        assert clean_text("一\r\n二\r三\n四") == "一\n二\n三\n四"

    def test_nothing_is_trimmed_and_widths_stay_as_typed(self):
        assert clean_text("　全角 ＡＢＣ１２３ ｶﾅ 〜～ \t") == "　全角 ＡＢＣ１２３ ｶﾅ 〜～ \t"

    def test_nothing_typed_is_an_empty_text(self):
        assert clean_text(None) == ""

    @pytest.mark.parametrize(
        ("character", "kind"), [("\x00", "NUL文字"), ("\ud800", "こわれた文字"), ("\udfff", "こわれた文字")]
    )
    def test_what_cannot_be_kept_is_refused_with_its_place(self, character, kind):
        with pytest.raises(ValidationError) as refused:
            clean_text(f"一二{character}三", "件名")
        assert refused.value.messages == [
            f"「件名」の3文字目に、保存できない文字（{kind}）があります。そのあたりを消して、打ち直してください。"
        ]

    @given(st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs"])))
    def test_what_is_kept_is_the_nfc_of_what_was_typed(self, typed):
        assert clean_text(typed) == unicodedata.normalize("NFC", typed)
        assert clean_text(clean_text(typed)) == clean_text(typed)

    def test_the_naughty_strings_go_through(self, shared_data):
        for typed in json.loads((shared_data / "torture" / "blns.json").read_text("utf-8")):
            kept = LongField(required=False).clean(typed)
            assert kept == unicodedata.normalize("NFC", typed.replace("\r\n", "\n").replace("\r", "\n"))
            kept.encode("utf-8")

    def test_kanji_outside_the_first_plane_go_through(self, shared_data):
        typed = (shared_data / "torture" / "jisx0213_nonbmp_kanji.txt").read_text("utf-8")
        assert LongField().clean(typed) == unicodedata.normalize("NFC", typed)


class TestFields:
    def test_too_long_says_how_much_to_cut(self):
        assert refusal(LineField(label="件名", max_length=60), "あ" * 75) == [
            "「件名」は60文字までです。今は75文字です。15文字けずってください。"
        ]

    def test_characters_are_counted_after_nfc_and_a_line_end_once(self):
        assert LineField(max_length=2).clean("か\u3099き\u3099") == "がぎ"
        assert LongField(max_length=3).clean("一\r\n二") == "一\n二"
        assert LineField(max_length=1).clean("𠮷") == "𠮷"

    @pytest.mark.parametrize("nothing", ["", None, "   ", "　\n　", "\u200b\u200d", "\t\x0b\x85\xa0\u2028"])
    def test_a_required_field_wants_something_to_see(self, nothing):
        assert refusal(LongField(label="事実"), nothing) == ["「事実」が空です。書いてから、もう一度送ってください。"]

    def test_one_line_is_one_line(self):
        assert refusal(LineField(label="件名"), "一\n二") == ["「件名」は1行で書くところです。改行を消してください。"]

    def test_nul_is_answered_by_our_sentence_not_by_djangos(self):
        (message,) = refusal(LineField(label="件名"), "a\x00")
        assert message.startswith("「件名」の2文字目に")

    def test_a_question_as_label_may_have_a_short_name(self):
        (message,) = refusal(LongField(label="続けたいことは何ですか。", called="Keep"), "")
        assert message.startswith("「Keep」が空です。")

    def test_spaces_around_stay(self):
        assert LineField().clean(" 件名 ") == " 件名 "

    def test_the_browser_is_not_told_to_cut(self):
        class Form(forms.Form):
            title = LineField(label="件名", max_length=60)
            body = LongField(label="本文", max_length=800, rows=3)

        html = Form().as_p()
        assert "maxlength" not in html
        assert 'data-max-length="60"' in html
        assert 'rows="3"' in html


def test_private_use_kanji_are_seen():
    """外字 have no name in Unicode, but a name may be written with one."""
    assert not is_blank("\ue000")
