"""Converts Japanese text to tokens, in the same way for every engine, for documents and for queries.

Engines store and match these tokens and analyse nothing themselves, so the order of results is the same everywhere.
There are four kinds of token (`TokenKind`; docs/reference/search.md, Analysis): short units, compounds that split into
units, pairs of neighbouring characters, and readings. The analysis never fails: any string is accepted.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from sudachipy import Dictionary, SplitMode

from search.engines.base import TokenKind
from search.normalization import NormalizedText, Segment, normalize, segments

if TYPE_CHECKING:
    from sudachipy import Morpheme, Tokenizer

#: Increase this version whenever the same document would give other tokens (after a change of this module, of
#: normalization.py or of variants.tsv). It is part of each generation's stamp, and a generation with another stamp is
#: rebuilt.
ANALYSIS_VERSION = 3
#: The dictionary accepts at most 49,149 bytes at once. 8,000 characters of four bytes are below this limit.
_CHUNK = 8_000
_TOKEN_LENGTH = 64
_DROPPED = frozenset(("助詞", "助動詞", "接続詞", "空白"))
#: Words that occur in nearly every text and tell nothing about its subject (する, ある, こと …), in normalised form.
_LIGHT = frozenset("為る 有る 居る 成る 出来る 事 物 為 其の 此の 何 どの 様 よう こと もの 言う".split())

_LATIN_COMPOUND = re.compile(r"[a-z0-9]+(?:[.&'/_@-][a-z0-9]+)+")
_RUN = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[。\n.!?]")
#: A part of the text without punctuation. No word continues across punctuation.
_CLAUSE = re.compile(r"[^、。！？!?「」『』（）()\s]+")
_KATAKANA = re.compile(r"[ァ-ヺー]+")
_KANJI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々]")
_HIRAGANA = re.compile(r"[ぁ-ゖ]+")
_OKURIGANA_WORD = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff々ぁ-ゖ]+")
_E_ROW_I = re.compile(r"(?<=[エケゲセゼテデネヘベペメレェ])イ")
_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_KATAKANA_FOLDS = tuple(
    pair.split("=")
    for pair in "ヴァ=バ ヴィ=ビ ヴェ=ベ ヴォ=ボ ヴ=ブ ヂ=ジ ヅ=ズ ティ=チ ァ=ア ィ=イ ゥ=ウ ェ=エ ォ=オ ヤー=アー".split()
)


class Token(NamedTuple):
    """One token and its span in the original text. A token is a tuple, because millions of tokens are made."""

    form: str
    begin: int
    end: int
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The tokens of one text, in reading order."""

    units: tuple[Token, ...]
    compounds: tuple[Token, ...]
    bigrams: tuple[str, ...]
    particles: int = 0  # dropped particles: none in a phrase of nouns, several in a sentence

    def forms(self, kind: TokenKind) -> list[str]:
        """Returns the tokens of one kind as strings."""
        if kind is TokenKind.BIGRAM:
            return list(self.bigrams)
        if kind is TokenKind.READING:
            return readings(self)
        return [token.form for token in (self.units if kind is TokenKind.UNIT else self.compounds)]


def analyse(text: str) -> Analysis:
    """Returns all tokens of `text`. The spans refer to `text` as it was given, not to its normalised form."""
    normalized = normalize(text)
    units: list[Token] = []
    compounds: list[Token] = []
    pairs: list[str] = []
    particles = 0
    for segment in segments(normalized):
        if segment.tokens:
            begin, end = normalized.span(segment.start, segment.start + len(segment.text))
            units += [Token(form, begin, end) for form in segment.tokens]
            continue
        pairs += bigrams(segment.text)
        for piece in _chunks(segment):
            particles += _split(piece, normalized, units, compounds)
    return Analysis(tuple(units), tuple(compounds), tuple(pairs), particles)


def occurrences(
    normalized: NormalizedText,
    forms: Collection[str],
    readings: Collection[str] = (),
    may_match: Callable[[str], bool] | None = None,
) -> list[Token]:
    """Returns the units and compounds of a text that are in `forms`, and the units whose reading is in `readings`.

    The tokens are the same that `analyse` returns, but not in order. A results page highlights twenty texts in which
    few words match, so no tokens are made for the other words. If `may_match` is given, only clauses for which it is
    true are analysed.
    """
    matches: list[Token | None] = []
    for segment in segments(normalized):
        if segment.tokens:
            span = normalized.span(segment.start, segment.start + len(segment.text))
            matches += [Token(form, *span) for form in segment.tokens if form in forms]
            continue
        for piece in _chunks(segment) if may_match is None else _clauses(segment, may_match):
            matches += [token for token in _latin_compounds(piece, normalized) if token.form in forms]
            for morpheme in _tokenizer().tokenize(piece.text):
                if (part := _part_of_speech(morpheme)) is _Part.DROPPED:
                    continue
                units = () if part is _Part.VERB else tuple(morpheme.split(SplitMode.A, add_single=False))
                for unit in units or (morpheme,):
                    if fold(unit.normalized_form()) in forms or (readings and unit.reading_form() in readings):
                        is_dropped = _part_of_speech(unit) is _Part.DROPPED
                        matches.append(None if is_dropped else _token(unit, piece, normalized))
                if units and fold(morpheme.normalized_form()) in forms:
                    matches.append(_token(morpheme, piece, normalized))
    return [token for token in matches if token]


@lru_cache(maxsize=4096)
def query_forms(text: str) -> tuple[str, ...]:
    """Returns the short units that a query searches for.

    The units are the same that `analyse` returns, with one exception: a year with several tokens gives only one token.
    """
    forms: list[str] = []
    last = (-1, -1)
    for token in analyse(text).units:
        if (token.begin, token.end) != last:
            forms.append(token.form)
        last = (token.begin, token.end)
    return tuple(forms)


def bigrams(text: str) -> Iterator[str]:
    """Returns the pairs of neighbouring letters and digits of a normalised text. A letter without neighbours is a
    token by itself."""
    for run in _RUN.findall(text):
        if len(run) == 1 and not "ぁ" <= run <= "ゖ":
            yield run
        for first, second in pairwise(run):
            if not ("ぁ" <= first <= "ゖ" and "ぁ" <= second <= "ゖ"):  # です and ます occur in every text
                yield first + second


def single_kanji(text: str) -> list[str]:
    """Returns each kanji of a title, so that a search for a single kanji finds the compounds that contain it."""
    return _KANJI.findall(normalize(text).text)


def readings(analysis: Analysis) -> list[str]:
    """Returns the katakana readings of the words, and of two or three neighbouring words together."""
    single = [token.reading for token in analysis.units]
    joined = ["".join(single[i : i + n]) for n in (2, 3) for i in range(len(single) - n + 1) if all(single[i : i + n])]
    return [reading for reading in (*single, *(token.reading for token in analysis.compounds), *joined) if reading]


@lru_cache(maxsize=4096)
def kana_reading(text: str) -> str:
    """Returns `text` in katakana if it contains only kana (はんこ → ハンコ). Otherwise returns an empty string."""
    kana = normalize(text).text.translate(_TO_KATAKANA)
    return kana if len(kana) >= 2 and _KATAKANA.fullmatch(kana) else ""


# --- morphemes ----------------------------------------------------------------------------------


class _Part(Enum):
    """What this module needs to know about a part of speech."""

    DROPPED = auto()
    VERB = auto()
    OTHER = auto()


def _split(segment: Segment, normalized: NormalizedText, units: list[Token], compounds: list[Token]) -> int:
    """Splits the text in mode C, then splits each compound into short units. Returns the number of particles that
    were dropped."""
    particles = 0
    compounds += _latin_compounds(segment, normalized)
    for morpheme in _tokenizer().tokenize(segment.text):
        part = _part_of_speech(morpheme)
        if part is _Part.DROPPED:
            particles += 1
            continue
        whole = _token(morpheme, segment, normalized)
        if whole is None:
            continue
        # Verbs are not split. 申し込む would split into 申す and 込む, but its noun 申し込み does not split.
        parts = () if part is _Part.VERB else tuple(morpheme.split(SplitMode.A, add_single=False))
        if parts:
            content_units = [unit for unit in parts if _part_of_speech(unit) is not _Part.DROPPED]
            units += [token for unit in content_units if (token := _token(unit, segment, normalized))]
            compounds.append(whole)
        else:
            units.append(whole)
    return particles


def _latin_compounds(segment: Segment, normalized: NormalizedText) -> list[Token]:
    return [
        Token(match[0][:_TOKEN_LENGTH], *normalized.span(segment.start + match.start(), segment.start + match.end()))
        for match in _LATIN_COMPOUND.finditer(segment.text)
    ]


def _token(morpheme: Morpheme, segment: Segment, normalized: NormalizedText) -> Token | None:
    """Returns the token of a word. Returns None for a word without a meaning of its own and for punctuation."""
    dictionary_form = morpheme.normalized_form()
    if dictionary_form in _LIGHT or not (form := fold(dictionary_form)):
        return None
    reading = morpheme.reading_form()
    span = normalized.span(segment.start + morpheme.begin(), segment.start + morpheme.end())
    return Token(form, *span, reading if _KATAKANA.fullmatch(reading) else "")


@lru_cache(maxsize=100_000)
def fold(form: str) -> str:
    """Makes the dictionary's normalised form equal for more spellings. Returns an empty string for punctuation.

    サーバー = サーバ, ウェブ = ウエブ, ヴァイオリン = バイオリン. A word with several kanji loses its okurigana, so that
    取り組み, 取組 and 取り組む are equal.
    """
    form = "".join(form.lower().split()).replace('"', "")[:_TOKEN_LENGTH]
    if len(form) >= 3 and _KATAKANA.fullmatch(form):
        form = _E_ROW_I.sub("ー", form)
        for written, folded in _KATAKANA_FOLDS:
            form = form.replace(written, folded)
        return form.rstrip("ー") if len(form) >= 4 else form
    if _OKURIGANA_WORD.fullmatch(form) and len(_KANJI.findall(form)) >= 2:
        return _HIRAGANA.sub("", form)
    return form if any(unicodedata.category(ch)[0] in "LN" or unicodedata.category(ch) == "So" for ch in form) else ""


_parts_of_speech: dict[int, _Part] = {}


def _part_of_speech(morpheme: Morpheme) -> _Part:
    """Returns what is known about a part of speech.

    The result is cached by number, because the dictionary returns the number of a part of speech fast, but its name
    slowly.
    """
    number = morpheme.part_of_speech_id()
    if number not in _parts_of_speech:
        name = morpheme.part_of_speech()[0]
        _parts_of_speech[number] = _Part.DROPPED if name in _DROPPED else _Part.VERB if name == "動詞" else _Part.OTHER
    return _parts_of_speech[number]


def _chunks(segment: Segment) -> Iterator[Segment]:
    """Returns pieces of the text that the dictionary accepts. If possible, a piece ends at the end of a sentence."""
    text, start = segment.text, 0
    while len(text) - start > _CHUNK:
        ends = [match.end() for match in _SENTENCE_END.finditer(text, start + _CHUNK // 2, start + _CHUNK)]
        end = ends[-1] if ends else start + _CHUNK
        yield Segment(text[start:end], segment.start + start)
        start = end
    yield Segment(text[start:], segment.start + start)


def _clauses(segment: Segment, may_match: Callable[[str], bool]) -> Iterator[Segment]:
    for match in _CLAUSE.finditer(segment.text):
        if may_match(match[0]):
            yield from _chunks(Segment(match[0], segment.start + match.start()))


_local = threading.local()


@lru_cache(maxsize=1)
def _dictionary() -> Dictionary:
    return Dictionary(dict=settings.SEARCH_DICTIONARY)


_loading = threading.Lock()


def _tokenizer() -> Tokenizer:
    """Returns the tokenizer of this thread. The tokenizer uses the dictionary of the process (about 80 MB, loaded at
    first use)."""
    if not hasattr(_local, "tokenizer"):
        with _loading:
            _local.tokenizer = _dictionary().tokenizer(mode=SplitMode.C)
    return _local.tokenizer
