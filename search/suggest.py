"""What might be meant while somebody is still typing: titles, units, people who agreed to be found.

Titles are asked of the engine inside the reader's gate, and the database is asked again, as for every search;
units and people come from their own room under its own rules. It refuses to guess at spellings and to
remember what was typed.
"""

from __future__ import annotations

import re
from typing import Any

import jaconv

from search.analysis import bigrams
from search.documents import Suggestion, Typed
from search.engines.base import Clause, Match, Scoring
from search.pipeline import look_up
from search.registry import suggesters
from search.spelling import respell

LIMIT = 8
#: More is no beginning of a title.
MAX_CHARACTERS = 60
_MAX_WORDS = 4
#: Units and people together, so that titles keep a place.
_OTHERS = 3
_KANA = re.compile("[ぁ-ゖァ-ヺー]+")
_ROMAJI = re.compile("[a-z-]{2,}")
#: What an input method has not yet turned into kana: ひなんj, かいg.
_UNFINISHED = re.compile("(?<=[ぁ-ゖー])[a-z]{1,3}$")


def suggest(text: str, user: Any) -> list[Suggestion]:
    """Up to LIMIT suggestions for `user`, the best first; none for a text that says nothing yet."""
    words = [_UNFINISHED.sub("", word) for word in respell(text[:MAX_CHARACTERS]).text.split()[:_MAX_WORDS]]
    words = [word for word in words if word]
    if not words:
        return []
    typed = Typed("".join(words), reading("".join(words)))
    others = [found for source in suggesters() for found in source.suggest(user, typed, _OTHERS)][:_OTHERS]
    return [*_titles(words, user)[: LIMIT - len(others)], *others]


def reading(word: str) -> str:
    """The hiragana of a word typed in kana or in romaji; empty for any other word."""
    if _KANA.fullmatch(word):
        return str(jaconv.kata2hira(word))
    if _ROMAJI.fullmatch(word):
        # A consonant at the end waits for its vowel: hinanj is ひなん so far.
        kana = str(jaconv.alphabet2kana(word)).rstrip("っ")
        return kana if _KANA.fullmatch(kana) else ""
    return ""


def clause(word: str) -> Clause:
    """The ways in which a title may hold `word`, or begin a word with it."""
    ways: list[Match] = []
    if pairs := tuple(bigrams(word)):
        # One letter alone is a token of its own only where it stands alone, so it is taken as a beginning.
        ways.append(Match("b", pairs, phrase=len(word) > 1, prefix=len(word) == 1, part="title"))
    if word.isascii() and word.isalnum():
        ways.append(Match("a", (word,), prefix=True, part="title"))
    if kana := reading(word):
        ways.append(Match("r", (str(jaconv.hira2kata(kana)),), prefix=True, part="title"))
    return Clause(tuple(ways))


def _titles(words: list[str], user: Any) -> list[Suggestion]:
    """Titles that hold every word; nothing while the engine cannot answer."""
    clauses = tuple(clause(word) for word in words)
    if not all(one.any_of for one in clauses):
        return []
    pairs = tuple(dict.fromkeys(pair for word in words for pair in bigrams(word)))
    scoring = (Scoring("b", pairs, 1.0),) if pairs else ()
    cards = look_up(user, clauses, scoring, LIMIT)
    return [Suggestion(card.title, card.url, card.type_label) for card in cards]
