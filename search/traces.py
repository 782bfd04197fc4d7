"""What a word leaves in every text that holds it: its kanji, its sound in kana, or some of its letters.

A results page marks what matched in twenty texts. The dictionary looks into each of their clauses at a
microsecond a letter, and most hold nothing of what was asked; a look for traces costs a small part of that.
It refuses to decide what matches: that remains the dictionary's (search/analysis.py).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from search.analysis import analyse, single_kanji

#: So many of a word's letters in a row; fewer stand in too many others (ート, ーム).
_LETTERS = 3
_NUMERALS = tuple("〇一二三四五六七八九十百千万億")
_TO_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


@dataclass(frozen=True, slots=True)
class Traces:
    """Of some words: the kanji that each is written with, and strings for how they sound or are spelled."""

    kanji: frozenset[frozenset[str]]
    strings: frozenset[str]

    def within(self, text: str) -> bool:
        """Whether a respelled text may hold one of the words."""
        return any(all(one in text for one in word) for word in self.kanji) or any(one in text for one in self.strings)


def traces(forms: Collection[str]) -> Traces:
    """The traces of words given as tokens (search.analysis)."""
    found = [_traces(form) for form in forms]
    return Traces(frozenset().union(*(one.kanji for one in found)), frozenset().union(*(one.strings for one in found)))


@lru_cache(maxsize=4096)
def _traces(form: str) -> Traces:
    reading = "".join(token.reading for token in analyse(form).a)
    sounds = [reading, reading.translate(_TO_HIRAGANA)] if len(reading) > 1 else []
    if kanji := single_kanji(form):  # 取組, 取り組み and とりくみ
        return Traces(frozenset([frozenset(kanji)]), frozenset(sounds))
    if form.isdecimal():  # 三社 for 3社
        return Traces(frozenset(), frozenset([form, *_NUMERALS]))
    size = min(_LETTERS, len(form))
    letters = [form[at : at + size] for at in range(len(form) - size + 1)]
    return Traces(frozenset(), frozenset([*sounds, *letters]))  # バイオリン and ヴァイオリン
