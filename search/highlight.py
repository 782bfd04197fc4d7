"""Highlights matches in the text as typed. The result is safe HTML; only <mark> is added.

Words are compared as they are searched (normalised, folded), so ふりかえり marks 振返り and R6 marks 令和6年度. To keep a
page of long texts fast, only a window of each text is analysed, and of it only the clauses that pass the prefilter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from html import escape

from django.utils.safestring import SafeString, mark_safe

from search.analysis import kana_reading, occurrences
from search.documents import Card
from search.highlight_prefilter import Prefilter, prefilter
from search.normalization import normalize
from search.results import Hit

SNIPPET = 130
#: Only this much of a text is searched for the snippet's window.
_SEARCHED_CHARACTERS = 20_000
_HIRAGANA = re.compile("[ぁ-ゖ]")
_SPACES = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[。！？!?\n]")


def highlighted(
    title: str, texts: Iterable[str], forms: Collection[str], typed: Sequence[str]
) -> tuple[SafeString, SafeString]:
    """A hit's title, and the part of its texts that shows most of the match (the beginning if there is none).

    If no clause that passes the prefilter contains a match, all clauses are analysed (訊ねる for 尋ねる): the document
    is a hit, so it matched somewhere.
    """
    text, begin = _text_and_window(texts, forms, typed)
    window = text[begin : begin + SNIPPET]
    # A word typed in hiragana matches any word with that reading, whatever its kanji: no prefilter applies.
    by_reading = any(kana_reading(word) and _HIRAGANA.search(word) for word in typed)
    words = None if by_reading else prefilter(forms)
    title_spans, spans = _spans(title, forms, typed, words), _spans(window, forms, typed, words)
    if words is not None and not (title_spans or spans):
        title_spans, spans = _spans(title, forms, typed), _spans(window, forms, typed)
    return _html(title, title_spans), _snippet(text, begin, spans)


def highlighted_hit(card: Card, forms: Collection[str], typed: Sequence[str], why: tuple[str, ...] = ()) -> Hit:
    """The hit that the results page shows of a card."""
    title, snippet = highlighted(card.title, (card.summary, card.text), forms, typed)
    return Hit(card=card, title=title, snippet=snippet, why=why)


def _html(text: str, spans: list[tuple[int, int]]) -> SafeString:
    parts: list[str] = []
    position = 0
    for begin, end in _merged(spans):
        parts += (escape(text[position:begin]), "<mark>", escape(text[begin:end]), "</mark>")
        position = end
    return mark_safe("".join((*parts, escape(text[position:]))))  # noqa: S308 -- all of the text is escaped


def _text_and_window(texts: Iterable[str], forms: Collection[str], typed: Sequence[str]) -> tuple[str, int]:
    """The texts joined to one line, and where in it the snippet begins."""
    text = _SPACES.sub(" ", " ".join(_unrepeated(texts))[:_SEARCHED_CHARACTERS]).strip()
    return text, _window(text, _needles(forms, typed)) if typed else 0


def _snippet(text: str, begin: int, spans: list[tuple[int, int]]) -> SafeString:
    end = begin + SNIPPET
    html = _html(text[begin:end], spans)
    return mark_safe(f"{'…' if begin else ''}{html}{'…' if end < len(text) else ''}")  # noqa: S308 -- html is safe


def _unrepeated(texts: Iterable[str]) -> list[str]:
    """Leaves out a text that the next one begins with: a summary is often the first sentences of the body."""
    kept: list[str] = []
    for text in texts:
        if kept and text.lstrip().startswith(kept[-1].strip().rstrip("…")):
            kept.pop()
        if text:
            kept.append(text)
    return kept


def _spans(
    text: str, forms: Collection[str], typed: Sequence[str], words: Prefilter | None = None
) -> list[tuple[int, int]]:
    normalized = normalize(text)
    readings = {reading for word in typed if (reading := kana_reading(word))}
    tokens = occurrences(normalized, forms, readings, words.may_match if words else None) if forms else []
    matched = [token for token in tokens if token.form in forms]
    spans = _touching(
        [(token.begin, token.end) for token in matched if len(token.form) > 1 or token.form in typed],
        [(token.begin, token.end) for token in matched if len(token.form) == 1 and token.form not in typed],
    )
    spans += [(token.begin, token.end) for token in tokens if token.reading in readings]
    if not spans:  # matched by its characters alone, inside words that the dictionary cuts differently
        for word in filter(None, typed):
            spans += [normalized.span(*match.span()) for match in re.finditer(re.escape(word), normalized.text)]
    return spans


def _touching(whole: list[tuple[int, int]], parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans of words, and of one-letter parts (所 of 避難所) that are adjacent to one."""
    begins, ends = {begin for begin, _ in whole}, {end for _, end in whole}
    return [*whole, *((begin, end) for begin, end in parts if begin in ends or end in begins)]


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans without overlaps; adjacent ones are joined."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _needles(forms: Collection[str], typed: Sequence[str]) -> list[str]:
    """Strings that show where a match may be, without analysing the whole text."""
    return list(dict.fromkeys([*(word for word in typed if len(word) <= 20), *forms, *(form[:2] for form in forms)]))


def _window(text: str, needles: Sequence[str]) -> int:
    """Where the window begins: where most different needles occur, moved to the start of the sentence if near."""
    positions: list[tuple[int, str]] = []
    for haystack in (text, text.lower()):
        for needle in needles:
            start = haystack.find(needle)
            for _ in range(20):
                if start < 0:
                    break
                positions.append((start, needle))
                start = haystack.find(needle, start + 1)
        if positions:
            break
    else:
        normalized = normalize(text)
        starts = ((normalized.text.find(needle), needle) for needle in needles)
        positions = [(normalized.begins[start], needle) for start, needle in starts if start >= 0]
    if not positions:
        return 0
    positions.sort()
    best, best_score = positions[0][0], 0
    for position, _ in positions:
        inside = {needle for start, needle in positions if position <= start < position + SNIPPET - 20}
        if (score := sum(len(needle) for needle in inside)) > best_score:
            best, best_score = position, score
    ends = [match.end() for match in _SENTENCE_END.finditer(text, max(0, best - 40), best)]
    begin = ends[-1] if ends else max(0, best - 20)
    return 0 if begin < 30 and best < SNIPPET - 30 else begin
