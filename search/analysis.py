"""Japanese text → tokens, once, for every engine and for documents and queries alike.

Engines store and match what this gives them and analyse nothing themselves, so ranking is the same
everywhere. Four kinds of token (search.md, Analysis contract): `a` short units, `c` compounds that
split, `b` pairs of neighbouring characters, `r` readings. It refuses to fail: any string has an analysis.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from django.conf import settings
from sudachipy import Dictionary, SplitMode

from search.spelling import Segment, Spelled, respell, segments

#: Raised whenever the same document would give other tokens; stamped into each generation, which is then rebuilt.
ANALYSIS_VERSION = 2
#: The dictionary refuses more than 49,149 bytes at once; four bytes a character stay below it.
_CHUNK = 8_000
_TOKEN_LENGTH = 64
_DROPPED = frozenset(("助詞", "助動詞", "接続詞", "空白"))
#: Words that stand in nearly every text and say nothing of its subject (する, ある, こと …), as normalised.
_LIGHT = frozenset("為る 有る 居る 成る 出来る 事 物 為 其の 此の 何 どの 様 よう こと もの 言う".split())

_LATIN_COMPOUND = re.compile(r"[a-z0-9]+(?:[.&'/_@-][a-z0-9]+)+")
_RUN = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[。\n.!?]")
#: No word reaches across one of these.
_CLAUSE = re.compile(r"[^、。！？!?「」『』（）()\s]+")
_KATAKANA = re.compile(r"[ァ-ヺー]+")
_KANJI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々]")
_HIRAGANA = re.compile(r"[ぁ-ゖ]+")
_OKURIGANA_WORD = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff々ぁ-ゖ]+")
_E_ROW_I = re.compile(r"(?<=[エケゲセゼテデネヘベペメレェ])イ")
_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_KATAKANA_FOLDS = (
    ("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴ", "ブ"), ("ヂ", "ジ"), ("ヅ", "ズ"),
    ("ティ", "チ"), ("ァ", "ア"), ("ィ", "イ"), ("ゥ", "ウ"), ("ェ", "エ"), ("ォ", "オ"), ("ヤー", "アー"),
)  # fmt: skip


class Token(NamedTuple):
    """One token and the characters of the original text that it stands for. A tuple: millions of them are made."""

    form: str
    begin: int
    end: int
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The tokens of one text, in reading order."""

    a: tuple[Token, ...]
    c: tuple[Token, ...]
    b: tuple[str, ...]
    particles: int = 0  # how many were dropped; a phrase of nouns has none, a sentence has several

    def forms(self, kind: str) -> list[str]:
        """The tokens of kind `a`, `c`, `b` or `r` as strings."""
        if kind == "b":
            return list(self.b)
        if kind == "r":
            return readings(self)
        return [token.form for token in (self.a if kind == "a" else self.c)]


def analyse(text: str) -> Analysis:
    """All tokens of `text`. Spans point into `text` as given."""
    spelled = respell(text)
    short: list[Token] = []
    compound: list[Token] = []
    pairs: list[str] = []
    particles = 0
    for segment in segments(spelled):
        if segment.tokens:
            begin, end = spelled.span(segment.start, segment.start + len(segment.text))
            short += [Token(form, begin, end) for form in segment.tokens]
            continue
        pairs += bigrams(segment.text)
        for piece in _chunks(segment):
            particles += _split(piece, spelled, short, compound)
    return Analysis(tuple(short), tuple(compound), tuple(pairs), particles)


def occurrences(
    spelled: Spelled,
    forms: Collection[str],
    read: Collection[str] = (),
    worth: Callable[[str], bool] | None = None,
) -> list[Token]:
    """The tokens `a` and `c` of a text that have one of `forms`, and the tokens `a` that are read as one of `read`.

    As `analyse` would give them, in no order. A results page marks twenty texts, in each of which few words match:
    the others are not made into tokens. With `worth` only those of its clauses are looked into of which it says so.
    """
    found: list[Token | None] = []
    for segment in segments(spelled):
        if segment.tokens:
            span = spelled.span(segment.start, segment.start + len(segment.text))
            found += [Token(form, *span) for form in segment.tokens if form in forms]
            continue
        for piece in _chunks(segment) if worth is None else _clauses(segment, worth):
            found += [token for token in _latin_compounds(piece, spelled) if token.form in forms]
            for morpheme in _tokenizer().tokenize(piece.text):
                if (part := _part_of_speech(morpheme)) == "dropped":
                    continue
                units = () if part == "verb" else morpheme.split(SplitMode.A, add_single=False)
                for unit in units or (morpheme,):
                    if fold(unit.normalized_form()) in forms or (read and unit.reading_form() in read):
                        found.append(_token(unit, piece, spelled) if _part_of_speech(unit) != "dropped" else None)
                if units and fold(morpheme.normalized_form()) in forms:
                    found.append(_token(morpheme, piece, spelled))
    return [token for token in found if token]


@lru_cache(maxsize=4096)
def query_forms(text: str) -> tuple[str, ...]:
    """The short units that a query asks for: as `analyse`, but one token where a year has several."""
    forms: list[str] = []
    last = (-1, -1)
    for token in analyse(text).a:
        if (token.begin, token.end) != last:
            forms.append(token.form)
        last = (token.begin, token.end)
    return tuple(forms)


def bigrams(text: str) -> Iterator[str]:
    """Pairs of neighbouring letters and digits of a respelled text; a letter that stands alone is itself."""
    for run in _RUN.findall(text):
        if len(run) == 1 and not "ぁ" <= run <= "ゖ":
            yield run
        for first, second in pairwise(run):
            if not ("ぁ" <= first <= "ゖ" and "ぁ" <= second <= "ゖ"):  # です, ます: in every text
                yield first + second


def single_kanji(text: str) -> list[str]:
    """Each kanji of a title, so that one kanji finds the compounds it stands in."""
    return _KANJI.findall(respell(text).text)


def readings(analysis: Analysis) -> list[str]:
    """Katakana readings of the words, and of up to three neighbours written as one."""
    found = [token.reading for token in analysis.a]
    joined = ["".join(found[i : i + n]) for n in (2, 3) for i in range(len(found) - n + 1) if all(found[i : i + n])]
    return [reading for reading in (*found, *(token.reading for token in analysis.c), *joined) if reading]


@lru_cache(maxsize=4096)
def kana_reading(text: str) -> str:
    """`text` in katakana where it is kana alone (はんこ → ハンコ), else an empty string."""
    kana = respell(text).text.translate(_TO_KATAKANA)
    return kana if len(kana) >= 2 and _KATAKANA.fullmatch(kana) else ""


# --- inside -------------------------------------------------------------------------------------


def _split(segment: Segment, spelled: Spelled, short: list[Token], compound: list[Token]) -> int:
    """One pass in mode C, then each compound into its short units; gives the number of particles dropped."""
    particles = 0
    compound += _latin_compounds(segment, spelled)
    for morpheme in _tokenizer().tokenize(segment.text):
        part = _part_of_speech(morpheme)
        if part == "dropped":
            particles += 1
            continue
        whole = _token(morpheme, segment, spelled)
        if whole is None:
            continue
        # Verbs stay whole: 申し込む splits into 申す and 込む, its noun 申し込み does not split at all.
        units = () if part == "verb" else morpheme.split(SplitMode.A, add_single=False)
        if units:
            short += [token for unit in units if _part_of_speech(unit) != "dropped"
                      if (token := _token(unit, segment, spelled))]  # fmt: skip
            compound.append(whole)
        else:
            short.append(whole)
    return particles


def _latin_compounds(segment: Segment, spelled: Spelled) -> list[Token]:
    return [
        Token(match[0][:_TOKEN_LENGTH], *spelled.span(segment.start + match.start(), segment.start + match.end()))
        for match in _LATIN_COMPOUND.finditer(segment.text)
    ]


def _token(morpheme: Any, segment: Segment, spelled: Spelled) -> Token | None:
    """The token of a word that may have one; None for a light word or mere punctuation."""
    normalized = morpheme.normalized_form()
    if normalized in _LIGHT or not (form := fold(normalized)):
        return None
    reading = morpheme.reading_form()
    span = spelled.span(segment.start + morpheme.begin(), segment.start + morpheme.end())
    return Token(form, *span, reading if _KATAKANA.fullmatch(reading) else "")


@lru_cache(maxsize=100_000)
def fold(form: str) -> str:
    """A normalised form, made one more step alike; empty for what is only punctuation.

    サーバー = サーバ, ウェブ = ウエブ, ヴァイオリン = バイオリン; and a word of several kanji loses its
    okurigana, so that 取り組み, 取組 and 取り組む are one.
    """
    form = "".join(form.lower().split()).replace('"', "")[:_TOKEN_LENGTH]
    if len(form) >= 3 and _KATAKANA.fullmatch(form):
        form = _E_ROW_I.sub("ー", form)
        for written, wanted in _KATAKANA_FOLDS:
            form = form.replace(written, wanted)
        return form.rstrip("ー") if len(form) >= 4 else form
    if _OKURIGANA_WORD.fullmatch(form) and len(_KANJI.findall(form)) >= 2:
        return _HIRAGANA.sub("", form)
    return form if any(unicodedata.category(ch)[0] in "LN" or unicodedata.category(ch) == "So" for ch in form) else ""


_parts_of_speech: dict[int, str] = {}


def _part_of_speech(morpheme: Any) -> str:
    """ "dropped", "verb" or "other"; asking the dictionary for the name is slow, for the number it is not."""
    number = morpheme.part_of_speech_id()
    if number not in _parts_of_speech:
        name = morpheme.part_of_speech()[0]
        _parts_of_speech[number] = "dropped" if name in _DROPPED else "verb" if name == "動詞" else "other"
    return _parts_of_speech[number]


def _chunks(segment: Segment) -> Iterator[Segment]:
    """Pieces that the dictionary accepts, cut after a sentence where there is one."""
    text, start = segment.text, 0
    while len(text) - start > _CHUNK:
        ends = [match.end() for match in _SENTENCE_END.finditer(text, start + _CHUNK // 2, start + _CHUNK)]
        end = ends[-1] if ends else start + _CHUNK
        yield Segment(text[start:end], segment.start + start)
        start = end
    yield Segment(text[start:], segment.start + start)


def _clauses(segment: Segment, worth: Callable[[str], bool]) -> Iterator[Segment]:
    for match in _CLAUSE.finditer(segment.text):
        if worth(match[0]):
            yield from _chunks(Segment(match[0], segment.start + match.start()))


_local = threading.local()


@lru_cache(maxsize=1)
def _dictionary() -> Dictionary:
    return Dictionary(dict=settings.SEARCH_DICTIONARY)


_loading = threading.Lock()


def _tokenizer() -> Any:
    """A tokenizer of this thread over the one dictionary of the process (about 80 MB, loaded at first use)."""
    if not hasattr(_local, "tokenizer"):
        with _loading:
            _local.tokenizer = _dictionary().tokenizer(mode=SplitMode.C)
    return _local.tokenizer
