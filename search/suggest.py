"""Suggestions while a reader is typing: titles, units, and people who agreed to be found.

The engine finds titles within the reader's gate, and the database authorises them, as in every search. Units and people
come from their own app under the rules of this app. Spelling is not corrected, and typed text is not stored.
"""

from __future__ import annotations

import re

import jaconv

from search.analysis import bigrams
from search.documents import Suggestion, Typed
from search.engines.base import Clause, Match, Scoring, TokenKind
from search.normalization import normalize
from search.pipeline import look_up
from search.registry import Viewer, suggesters

LIMIT = 8
#: A longer text cannot be the beginning of a title.
MAX_CHARACTERS = 60
_MAX_WORDS = 4
#: The maximum of units and people together. The other places are for titles.
_OTHERS = 3
_KANA = re.compile("[ぁ-ゖァ-ヺー]+")
_ROMAJI = re.compile("[a-z-]{2,}")
#: The input method has not yet converted these letters to kana: ひなんj, かいg.
_UNFINISHED = re.compile("(?<=[ぁ-ゖー])[a-z]{1,3}$")


def suggest(text: str, user: Viewer) -> list[Suggestion]:
    """Returns up to LIMIT suggestions for `user`, best first. Returns none if the text contains no word yet."""
    words = [_UNFINISHED.sub("", word) for word in normalize(text[:MAX_CHARACTERS]).text.split()[:_MAX_WORDS]]
    words = [word for word in words if word]
    if not words:
        return []
    typed = Typed("".join(words), reading("".join(words)))
    others = [suggestion for source in suggesters() for suggestion in source.suggest(user, typed, _OTHERS)][:_OTHERS]
    return [*_titles(words, user)[: LIMIT - len(others)], *others]


def reading(word: str) -> str:
    """Returns the hiragana of a word that was typed in kana or in romaji. Returns an empty string for any other
    word."""
    if _KANA.fullmatch(word):
        return str(jaconv.kata2hira(word))
    if _ROMAJI.fullmatch(word):
        # The vowel after a final consonant is not typed yet. So hinanj is read as ひなん.
        kana = str(jaconv.alphabet2kana(word)).rstrip("っ")
        return kana if _KANA.fullmatch(kana) else ""
    return ""


def title_clause(word: str) -> Clause:
    """Returns a clause that matches titles with `word`, or with a word that begins with `word`."""
    matches: list[Match] = []
    if pairs := tuple(bigrams(word)):
        # A single letter inside a word is not a token of its own, so the letter is matched as the beginning of a token.
        matches.append(Match(TokenKind.BIGRAM, pairs, phrase=len(word) > 1, prefix=len(word) == 1, part="title"))
    if word.isascii() and word.isalnum():
        matches.append(Match(TokenKind.UNIT, (word,), prefix=True, part="title"))
    if kana := reading(word):
        matches.append(Match(TokenKind.READING, (str(jaconv.hira2kata(kana)),), prefix=True, part="title"))
    return Clause(tuple(matches))


def _titles(words: list[str], user: Viewer) -> list[Suggestion]:
    """Returns titles that contain every word. Returns none if the engine is unavailable."""
    clauses = tuple(map(title_clause, words))
    if not all(clause.any_of for clause in clauses):
        return []
    pairs = tuple(dict.fromkeys(pair for word in words for pair in bigrams(word)))
    scoring = (Scoring(TokenKind.BIGRAM, pairs, 1.0),) if pairs else ()
    cards = look_up(user, clauses, scoring, LIMIT)
    return [Suggestion(card.title, card.url, card.type_label) for card in cards]
