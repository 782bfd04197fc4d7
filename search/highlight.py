"""Highlights the matches in a text as its author typed it. The result is safe HTML. Only <mark> is added.

Words are compared in the form in which they are searched (normalised, folded). So ふりかえり marks 振返り, and R6 marks 令和6年度.
To keep a page with long texts fast, only a window of each text is analysed. In this window, only the clauses that pass
the prefilter are analysed.
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
#: The window of the snippet is chosen within this many first characters of a text.
_SEARCHED_CHARACTERS = 20_000
_HIRAGANA = re.compile("[ぁ-ゖ]")
_SPACES = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[。！？!?\n]")


def highlighted(
    title: str, texts: Iterable[str], forms: Collection[str], typed: Sequence[str]
) -> tuple[SafeString, SafeString]:
    """Returns the hit's title, and the part of its texts that contains most of the match, both as HTML.

    If the texts contain no match, their beginning is shown. If no clause that passes the prefilter contains a match,
    all clauses are analysed (訊ねる for 尋ねる). A match must exist somewhere, because the document is a hit.
    """
    text, begin = _text_and_window(texts, forms, typed)
    window = text[begin : begin + SNIPPET]
    # A word that was typed in hiragana matches every word with this reading, whatever its kanji. So no prefilter is
    # possible.
    by_reading = any(kana_reading(word) and _HIRAGANA.search(word) for word in typed)
    words = None if by_reading else prefilter(forms)
    title_spans, spans = _spans(title, forms, typed, words), _spans(window, forms, typed, words)
    if words is not None and not (title_spans or spans):
        title_spans, spans = _spans(title, forms, typed), _spans(window, forms, typed)
    return _html(title, title_spans), _snippet(text, begin, spans)


def highlighted_hit(card: Card, forms: Collection[str], typed: Sequence[str], why: tuple[str, ...] = ()) -> Hit:
    """Returns the hit that the results page shows for a card."""
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
    """Returns the texts as one line, and the position in this line at which the snippet begins."""
    text = _SPACES.sub(" ", " ".join(_unrepeated(texts))[:_SEARCHED_CHARACTERS]).strip()
    return text, _window(text, _needles(forms, typed)) if typed else 0


def _snippet(text: str, begin: int, spans: list[tuple[int, int]]) -> SafeString:
    end = begin + SNIPPET
    html = _html(text[begin:end], spans)
    return mark_safe(f"{'…' if begin else ''}{html}{'…' if end < len(text) else ''}")  # noqa: S308 -- html is safe


def _unrepeated(texts: Iterable[str]) -> list[str]:
    """Leaves out a text if the next text begins with it. A summary is often identical to the first sentences of the
    body."""
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
    if not spans:  # a match of characters only, inside words that the dictionary cuts differently
        for word in filter(None, typed):
            spans += [normalized.span(*match.span()) for match in re.finditer(re.escape(word), normalized.text)]
    return spans


def _touching(whole: list[tuple[int, int]], parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns the spans of whole words, and the spans of one-letter parts (所 of 避難所) that touch a whole word."""
    begins, ends = {begin for begin, _ in whole}, {end for _, end in whole}
    return [*whole, *((begin, end) for begin, end in parts if begin in ends or end in begins)]


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns the spans without overlaps. Spans that touch each other are joined."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _needles(forms: Collection[str], typed: Sequence[str]) -> list[str]:
    """Returns strings that show where a match may be. To find them, the text need not be analysed."""
    return list(dict.fromkeys([*(word for word in typed if len(word) <= 20), *forms, *(form[:2] for form in forms)]))


def _window(text: str, needles: Sequence[str]) -> int:
    """Returns the position at which the window begins.

    The window contains the largest number of different needles. If the sentence begins shortly before, the window
    begins with the sentence.
    """
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
