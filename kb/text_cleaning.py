"""What was typed, as we keep it: NFC with one kind of line end, and the form fields that say so in Japanese.

Nothing is cut off, trimmed or mended in silence. Two things cannot be kept, because neither the database nor
UTF-8 can hold them, and are refused with a sentence: NUL and lone surrogates. Other odd characters (control
codes, private-use kanji, emoji) are kept as typed; ``kb.markdown.rendering`` and the exports leave out what they cannot
show. The fields set no ``maxlength``: a browser would cut a pasted text off without a word.
"""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
INVISIBLE = ("Zs", "Zl", "Zp", "Cc", "Cf")  # Unicode categories of what leaves no mark on the screen


def clean_text(value: object, called: str = "この欄") -> str:
    """NFC of what was typed, with ``\\n`` as the line end; ``called`` names the field where it must be refused."""
    text = unicodedata.normalize("NFC", re.sub("\r\n?", "\n", "" if value is None else str(value)))
    if refused := UNKEEPABLE.search(text):
        kind = "NUL文字" if refused[0] == "\x00" else "こわれた文字"
        raise ValidationError(
            f"「{called}」の{refused.start() + 1}文字目に、保存できない文字（{kind}）があります。"
            "そのあたりを消して、打ち直してください。",
            code="unkeepable",
        )
    return text


def is_blank(text: str) -> bool:
    """True where nothing would be seen: no text, or spaces and invisible marks only."""
    return all(unicodedata.category(character) in INVISIBLE for character in text)


class LineField(forms.CharField):
    """One line. ``called`` is the field's name in messages where the label is a long question."""

    widget: type[forms.Widget] = forms.TextInput

    def __init__(self, *, max_length: int | None = None, called: str = "", **options: Any) -> None:
        # Django's own max_length would add a maxlength attribute and a message of its own.
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
    """Several lines, Markdown allowed; ``rows`` is the height it opens with."""

    widget = forms.Textarea

    def __init__(self, *, rows: int = 5, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs["rows"] = str(rows)

    def refuse_lines(self, value: str) -> None:
        """Lines are what this field is for."""
