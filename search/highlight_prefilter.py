"""A fast test whether a text may contain a word. The test runs before the dictionary analyses the text for
highlighting.

A results page highlights twenty texts. The dictionary takes a microsecond per character, and most clauses contain no
word of the query. The prefilter takes only a small part of the dictionary's time. A text may pass although it contains
no word of the query. A text may also fail although it contains a word, if the word is written with other kanji:
highlight.py then analyses the whole text. Only search/analysis.py decides what matches.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from search.analysis import analyse, single_kanji

#: The length of the letter sequences that are taken from a word. Shorter sequences occur in too many other words (ート,
#: ーム).
_LETTERS = 3
_NUMERALS = tuple("〇一二三四五六七八九十百千万億")
_TO_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


@dataclass(frozen=True, slots=True)
class Prefilter:
    """For a set of words: the kanji of each word, and strings for the sound or the spelling of the words."""

    kanji: frozenset[frozenset[str]]
    strings: frozenset[str]

    def may_match(self, text: str) -> bool:
        """Whether a normalised text may contain one of the words."""
        return any(all(character in text for character in word) for word in self.kanji) or any(
            string in text for string in self.strings
        )


def prefilter(forms: Collection[str]) -> Prefilter:
    """Returns the prefilter for these words. The words are tokens (search.analysis)."""
    parts = [_of_form(form) for form in forms]
    return Prefilter(
        kanji=frozenset().union(*(part.kanji for part in parts)),
        strings=frozenset().union(*(part.strings for part in parts)),
    )


@lru_cache(maxsize=4096)
def _of_form(form: str) -> Prefilter:
    reading = "".join(token.reading for token in analyse(form).units)
    sounds = [reading, reading.translate(_TO_HIRAGANA)] if len(reading) > 1 else []
    if kanji := single_kanji(form):  # 取組, 取り組み and とりくみ
        return Prefilter(frozenset([frozenset(kanji)]), frozenset(sounds))
    if form.isdecimal():  # 三社 for 3社
        return Prefilter(frozenset(), frozenset([form, *_NUMERALS]))
    size = min(_LETTERS, len(form))
    letters = [form[start : start + size] for start in range(len(form) - size + 1)]
    return Prefilter(frozenset(), frozenset([*sounds, *letters]))  # バイオリン and ヴァイオリン
