"""Parses one line of an import. A JSON object becomes a Record; a RefusalError names the field that is wrong and the
reason.

This module reads no database and no file. A value that cannot be stored exactly as it was given is refused and not
corrected. Unknown fields are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from kb.text_cleaning import clean_text, is_blank

MAX_TEXT = 300_000
MAX_TITLE = 300
MAX_ID = 200
MAX_URL = 500
MAX_UNIT = 200
MAX_LICENCE = 100
MAX_KEYWORDS = 50
MAX_KEYWORD = 100

#: The names that published files use for the same field. The first name that has a value is used.
FIELD_NAMES = {
    "date": ("date", "published"),
    "unit": ("unit", "organization", "municipality"),
    "keywords": ("keywords", "topics", "category"),
    "licence": ("licence", "license"),
    "language": ("language", "lang"),
}
#: Headings for the usual sections of a lesson. For any other key, the key itself becomes the heading.
SECTIONS = {
    "abstract": {"ja": "あらまし", "en": "Abstract"},
    "driving_event": {"ja": "きっかけとなった出来事", "en": "Driving Event"},
    "lesson": {"ja": "教訓", "en": "Lesson(s) Learned"},
    "recommendation": {"ja": "提言", "en": "Recommendation(s)"},
}
DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,6})?")
JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]")
SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*\s*:")
web_address = URLValidator(["http", "https"])


class RefusalError(ValueError):
    """A line cannot be imported. The message gives the reason in Japanese."""


@dataclass(frozen=True)
class Record:
    """The checked fields of one line."""

    external_id: str
    title: str
    text: str
    occurred_on: date | None
    unit_as_given: str
    url: str
    language: str
    keywords: tuple[str, ...]
    licence: str


def record_from(value: Mapping[str, Any]) -> Record:
    """Returns the record for the JSON object of one line. Raises RefusalError for the first field that is wrong."""
    external_id = value.get("id")
    if isinstance(external_id, int) and not isinstance(external_id, bool):
        value = {**value, "id": str(external_id)}
    fields = {
        name: next((value[alias] for alias in aliases if value.get(alias)), None)
        for name, aliases in FIELD_NAMES.items()
    }
    title = _line(value.get("title"), "title", MAX_TITLE, required=True)
    text = _text(value.get("text"), "text")
    language = _language(fields["language"], title + text[:2000])
    full_text = _with_sections(text, value, language)
    if is_blank(full_text):
        raise RefusalError("本文（text）が空です。")
    if len(full_text) > MAX_TEXT:
        raise RefusalError(
            f"本文（text）が長すぎます。{MAX_TEXT:,}文字までで、この行は{len(full_text):,}文字です。分けてください。"
        )
    return Record(
        external_id=_line(value.get("id"), "id", MAX_ID, required=True),
        title=title,
        text=full_text,
        occurred_on=_date(fields["date"]),
        unit_as_given=_line(fields["unit"], "unit", MAX_UNIT),
        url=_url(value),
        language=language,
        keywords=_keywords(fields["keywords"]),
        licence=_line(fields["licence"], "licence", MAX_LICENCE),
    )


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusalError(f"{name} は文字列にします（今は{_kind(value)}です）。")
    try:
        return clean_text(value, name)
    except ValidationError as error:
        raise RefusalError(error.messages[0]) from error


def _line(value: object, name: str, limit: int, *, required: bool = False) -> str:
    """Returns one line of text. Each run of white space becomes one space, as a browser would show it."""
    text = " ".join(_text(value, name).split())
    if required and is_blank(text):
        raise RefusalError(f"{name} がありません。" if value is None else f"{name} が空です。")
    if len(text) > limit:
        raise RefusalError(f"{name} は{limit}文字までです（今は{len(text):,}文字）。")
    return text


def _date(value: object) -> date | None:
    text = _line(value, "date", 40)
    if not text:
        return None
    try:
        match = DATE.fullmatch(text)
        if match is None:
            raise ValueError
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise RefusalError(f"date「{text}」を日付として読めません。2025-04-01 の形にします。") from error


def _url(value: Mapping[str, Any]) -> str:
    """Returns `url`, or `url_or_path` if its value is a web address. A path in the publisher's archive is ignored."""
    text = _line(value.get("url"), "url", MAX_URL)
    if not text:
        path = value.get("url_or_path")
        if not isinstance(path, str) or not SCHEME.match(path):
            return ""
        text = _line(path, "url_or_path", MAX_URL)
    try:
        web_address(text)
    except ValidationError as error:
        raise RefusalError("url は http:// か https:// で始まる正しいアドレスにします。") from error
    return text


def _language(value: object, sample: str) -> str:
    code = _line(value, "language", 20).lower().replace("_", "-")
    if not code:  # The language is guessed from the letters. The page needs it for the `lang` attribute.
        return "ja" if JAPANESE.search(sample) else "en"
    if not LANGUAGE.fullmatch(code):
        raise RefusalError("language は ja、en のような言語コードにします。")
    return code


def _keywords(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        value = re.split("[,、，;；\n]", value)
    if not isinstance(value, list):
        raise RefusalError(f"keywords は文字列の配列にします（今は{_kind(value)}です）。")
    words = tuple(dict.fromkeys(filter(None, (_line(word, "keywords", MAX_KEYWORD) for word in value))))
    if len(words) > MAX_KEYWORDS:
        raise RefusalError(f"keywords は{MAX_KEYWORDS}個までです（今は{len(words):,}個）。")
    return words


def _with_sections(text: str, value: Mapping[str, Any], language: str) -> str:
    """Returns the text, followed by the sections that the text does not contain yet. Each section is
    under its heading.
    """
    parts = [text] if not is_blank(text) else []
    for key, body in _sections(value):
        body = _text(body, f"sections の {key}").strip()
        if is_blank(body) or body in text:
            continue
        heading = SECTIONS.get(key, {}).get("ja" if language == "ja" else "en", key)
        parts.append(f"## {heading}\n\n{body}")
    return "\n\n".join(parts)


def _sections(value: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Returns headings and texts. They come from `sections` (an object, or an array of {heading, text}), or else from
    the keys of SECTIONS.
    """
    sections = value.get("sections")
    if sections is None:
        return [(key, value[key]) for key in SECTIONS if value.get(key)]
    pairs: list[tuple[object, object]]
    if isinstance(sections, dict):
        pairs = list(sections.items())
    elif isinstance(sections, list) and all(isinstance(section, dict) for section in sections):
        pairs = [(section.get("heading") or section.get("title"), section.get("text")) for section in sections]
    else:
        raise RefusalError("sections は {見出し: 本文} か [{heading, text}, …] にします。")
    return [(_line(heading, "sections の見出し", MAX_TITLE, required=True), body) for heading, body in pairs]


def _kind(value: object) -> str:
    names = {bool: "真偽値", int: "数", float: "数", list: "配列", dict: "オブジェクト", str: "文字列"}
    return names.get(type(value), "別の種類")
