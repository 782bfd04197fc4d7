"""Cleaning of typed text (NFC, one kind of line end), and the form fields that clean their text.

No text is cut, trimmed or corrected without a message. NUL and lone surrogates are refused with an error, because the
database and UTF-8 cannot store them. Other unusual characters (control codes, private-use kanji, emoji) are stored as
typed. kb.markdown.rendering and the exports leave out the characters that they cannot show. The fields set no
``maxlength``, because with it a browser would cut off a pasted text without a message.
"""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
INVISIBLE = ("Zs", "Zl", "Zp", "Cc", "Cf")  # The Unicode categories of characters that are not visible.


def clean_text(value: object, called: str = "この欄") -> str:
    """Returns `value` in NFC with ``\\n`` as line end. Raises unkeepable if a character cannot be stored. `called` is
    the name of the field in the message.
    """
    text = unicodedata.normalize("NFC", re.sub("\r\n?", "\n", "" if value is None else str(value)))
    if match := UNSTORABLE.search(text):
        kind = "NUL文字" if match[0] == "\x00" else "こわれた文字"
        raise ValidationError(
            f"「{called}」の{match.start() + 1}文字目に、保存できない文字（{kind}）があります。"
            "そのあたりを消して、打ち直してください。",
            code="unkeepable",
        )
    return text


def is_blank(text: str) -> bool:
    """Whether nothing in the text would be visible: it is empty, or contains only spaces and invisible characters."""
    return all(unicodedata.category(character) in INVISIBLE for character in text)


class LineField(forms.CharField):
    """A field for one line of text. `called` is the name of the field in error messages. Set it if the label is a
    question.
    """

    widget: type[forms.Widget] = forms.TextInput

    def __init__(self, *, max_length: int | None = None, called: str = "", **options: Any) -> None:
        # max_length is not passed on, because Django would add a maxlength attribute and an error message of its own.
        super().__init__(strip=False, **options)
        self.max_length = max_length
        self.called = called
        if max_length is not None:
            self.widget.attrs.setdefault("data-max-length", str(max_length))

    @property
    def name_in_messages(self) -> str:
        return self.called or str(self.label or "この欄")

    def to_python(self, value: Any) -> str:
        return clean_text(value, self.name_in_messages)

    def validate(self, value: str) -> None:
        name, length, limit = self.name_in_messages, len(value), self.max_length
        if self.required and is_blank(value):
            raise ValidationError(f"「{name}」が空です。書いてから、もう一度送ってください。", code="required")
        if limit is not None and length > limit:
            raise ValidationError(
                f"「{name}」は{limit}文字までです。今は{length}文字です。{length - limit}文字けずってください。",
                code="max_length",
            )
        self.refuse_lines(value)

    def refuse_lines(self, value: str) -> None:
        if "\n" in value:
            message = f"「{self.name_in_messages}」は1行で書くところです。改行を消してください。"
            raise ValidationError(message, code="lines")


class LongField(LineField):
    """A field for several lines of text. `rows` is the height of the field on the page."""

    widget = forms.Textarea

    def __init__(self, *, rows: int = 5, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs["rows"] = str(rows)

    def refuse_lines(self, value: str) -> None:
        """Does nothing, because this field allows line ends."""
