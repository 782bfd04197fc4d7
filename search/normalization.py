"""Normalises the spelling of a text before the dictionary reads it: characters, long vowels, variant words, years, ids.

Documents and queries are normalised in the same way. Each character of the result keeps its span in the original, so
that a match can be highlighted in the text as it was typed. analysis.py splits texts into words. Texts that people see
are never changed. The file variants.tsv lists the variant words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Characters without a meaning that would prevent a match: controls, lone surrogates, soft hyphen, zero widths,
# variation selectors.
_NOISE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\ud800-\udfff]+")
# Characters that NFKC and lower case do not change, and marks that combine with the character before (か + U+3099, ｶ +
# ﾞ).
_KEPT = "\t\n\r -@\\[-~\u3001-\u3035\u3041-\u3096\u309d\u309e\u30a1-\u30fe\u4e00-\u9fff"
_MARKS = "\u0300-\u036f\u3099\u309a\uff9e\uff9f"
_CLUSTER = re.compile(f"[^{_KEPT}{_MARKS}][{_MARKS}]*|[{_KEPT}][{_MARKS}]+")

_DASHES = re.compile("[‐‑‒–—―−─━﹣]")
_LONG_VOWEL = re.compile(
    "(?<=[ァ-ヺー])[-‐‑‒–—―−─━]+(?=[ァ-ヺ])|(?:(?<=[ぁ-ゖ])|(?<=[ァ-ヺー]{2}))[~〜〰∼]+(?=[ぁ-ゖァ-ヺ])|ー{2,}"
)
_WAVE = re.compile("[〜〰∼]")
#: Quick tests. The three patterns above can match only in a text with one of the characters of _STROKE. The pattern
#: _MARKED below can match only in a text with one of the characters of _MAY_BE_MARKED. Without these tests, the
#: patterns took nearly half of the whole time, because every text that is indexed or shown is normalised.
_STROKE = re.compile("[-‐‑‒–—―−─━﹣~〜〰∼]|ーー")
_MAY_BE_MARKED = re.compile(r"[\d元#+]")
_MIDDLE_DOT = re.compile("(?<=[ァ-ヺー])[・･](?=[ァ-ヺ])")
_COUNTER_KA = re.compile("(?<=[0-9一二三四五六七八九十百数何])[ヶケカヵか箇個](?=[所年月国条村町店])")
_PLACE_GA = re.compile("(?<=[一-龯々])[ヶケ](?=[一-龯])")

_ERAS = {"明治": 1868, "大正": 1912, "昭和": 1926, "平成": 1989, "令和": 2019, "h": 1989, "r": 2019}
#: A year or an id becomes one token. Documents with a fiscal year are also found by the plain year. A query for a
#: fiscal year does not find documents with the plain year only.
_MARKED = re.compile(
    r"""
    (?<![a-z0-9])(?P<language>[a-z](?:\+\+|\#))(?![a-z0-9])
  | (?<![a-z0-9-])(?P<public_id>[a-z]{1,2}-[shr]\d{2}-\d{5,7})(?![\d-])
  | (?:(?P<era>明治|大正|昭和|平成|令和)\s*(?P<era_year>\d{1,2}|元)|(?<!\d)(?P<western>1[89]\d\d|20\d\d))
    \s*年(?P<fiscal>度)?(?!\d)
  | (?<![\d.,])(?P<dated>(?:19|20)\d\d)(?=[./-]\d{1,2}(?!\d))
  | (?<![a-z0-9])fy\s*(?P<fy>20\d\d|\d\d)(?!\d)
  | (?<![a-z0-9-])(?P<short>[rh])(?P<short_year>0?[1-9]|[1-3]\d)(?P<short_fiscal>年度)?年?(?![a-z0-9])(?!-\d)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a normalised text. If `tokens` is set, these are the tokens of the part, and it is not split
    further."""

    text: str
    start: int
    tokens: tuple[str, ...] = ()


class NormalizedText:
    """A normalised text. For each of its characters, it stores the span in the original text."""

    __slots__ = ("begins", "ends", "text")

    def __init__(self, text: str, begins: list[int], ends: list[int]) -> None:
        self.text, self.begins, self.ends = text, begins, ends

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """Returns the span in the original text for the characters [begin, end)."""
        return self.begins[begin], self.ends[end - 1]

    def replace(self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str] | str) -> None:
        """Works like ``re.sub``, but keeps the spans.

        If the replacement has another length, each new character gets the whole replaced span as its original.
        """
        text, position = self.text, 0
        parts: list[str] = []
        begins: list[int] = []
        ends: list[int] = []
        for match in pattern.finditer(text):
            new = replacement if isinstance(replacement, str) else replacement(match)
            start, end = match.span()
            if new == match[0]:
                continue
            parts += (text[position:start], new)
            begins += self.begins[position:start]
            ends += self.ends[position:start]
            if len(new) == end - start:
                begins += self.begins[start:end]
                ends += self.ends[start:end]
            else:
                begins += [self.begins[start]] * len(new)
                ends += [self.ends[end - 1]] * len(new)
            position = end
        if parts:
            self.text = "".join((*parts, text[position:]))
            self.begins = begins + self.begins[position:]
            self.ends = ends + self.ends[position:]


def normalize(text: str) -> NormalizedText:
    """Returns `text` in the spelling that documents and queries share. Never fails: any string is accepted."""
    normalized = NormalizedText(text, list(range(len(text))), list(range(1, len(text) + 1)))
    normalized.replace(_NOISE, lambda match: " " if match[0].isspace() else "")
    normalized.replace(_CLUSTER, lambda match: unicodedata.normalize("NFKC", match[0]).lower())
    normalized.replace(_MIDDLE_DOT, "")
    if _STROKE.search(normalized.text):
        before = ""
        # After a replacement, the next long vowel may match, too: カー-ド is カード, not カーード.
        while normalized.text != before:
            before = normalized.text
            normalized.replace(_LONG_VOWEL, "ー")
        normalized.replace(_DASHES, "-")
        normalized.replace(_WAVE, "~")
    single, words, table = _variants()
    normalized.replace(single, lambda match: table[match[0]])
    normalized.replace(_COUNTER_KA, "か")
    normalized.replace(_PLACE_GA, "が")
    normalized.replace(words, lambda match: table[match[0]])
    return normalized


def segments(normalized: NormalizedText) -> Iterator[Segment]:
    """Returns the parts of the normalised text in order. Each year and each id is a part with its own tokens."""
    position = 0
    for match in _MARKED.finditer(normalized.text) if _MAY_BE_MARKED.search(normalized.text) else ():
        if match.start() > position:
            yield Segment(normalized.text[position : match.start()], position)
        yield Segment(match[0], match.start(), _mark(match))
        position = match.end()
    if position < len(normalized.text):
        yield Segment(normalized.text[position:], position)


def _mark(match: re.Match[str]) -> tuple[str, ...]:
    """Returns the tokens of one year or id, the most exact first. A query uses only the first token."""
    for name in ("language", "public_id", "dated"):
        if match[name]:
            return (match[name],)
    if match["fy"]:
        year = int(match["fy"]) + (0 if len(match["fy"]) == 4 else 2000)
        return (f"fy{year}", str(year))
    if match["short"]:  # R6 may be a year or a fiscal year, so it gets both tokens
        year = _ERAS[match["short"]] + int(match["short_year"]) - 1
        return (f"fy{year}", str(year)) if match["short_fiscal"] else (str(year), f"fy{year}")
    count = match["era_year"].replace("元", "1") if match["era"] else ""
    year = _ERAS[match["era"]] + int(count) - 1 if count else int(match["western"])
    return (f"fy{year}", str(year)) if match["fiscal"] else (str(year),)


@lru_cache(maxsize=1)
def _variants() -> tuple[re.Pattern[str], re.Pattern[str], dict[str, str]]:
    """Reads variants.tsv. Returns a pattern for single characters, a pattern for words (longest first), and the
    table."""
    table: dict[str, str] = {}
    for line in (Path(__file__).parent / "variants.tsv").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            folded, _, written = line.partition("\t")
            table.update(dict.fromkeys(written.split(), folded))
    words = sorted((word for word in table if len(word) > 1), key=len, reverse=True)
    single = "".join(re.escape(word) for word in table if len(word) == 1)
    return re.compile(f"[{single}]"), re.compile("|".join(map(re.escape, words))), table
