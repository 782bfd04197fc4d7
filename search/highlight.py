"""What matched, marked in the text as it was typed: HTML-safe, nothing but <mark> added.

Words are compared as they are searched (normalised, folded), so ふりかえり marks 振返り and R6 marks
令和6年度. Only a window of each text is analysed, and of that the clauses that hold a trace of a word, so a page of
long texts stays quick.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from html import escape

from django.utils.safestring import SafeString, mark_safe

from search.analysis import kana_reading, occurrences
from search.spelling import respell
from search.traces import Traces, traces

SNIPPET = 130
#: Longer texts are searched for a window no further than this.
_LOOKED_AT = 20_000
_HIRAGANA = re.compile("[ぁ-ゖ]")
_SPACES = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[。！？!?\n]")


def highlighted(
    title: str, texts: Iterable[str], forms: Collection[str], typed: Sequence[str]
) -> tuple[SafeString, SafeString]:
    """A hit's title, and the stretch of its texts that says most about the match (the beginning where nothing does).

    Safe HTML with what matched in <mark>. Where no clause with a trace of a word gives a mark, all are looked into
    (訊ねる for 尋ねる): the hit matched somehow.
    """
    whole, begin = _stretch(texts, forms, typed)
    # A word in hiragana is any word that sounds so, written with whatever kanji.
    near = None if any(kana_reading(word) and _HIRAGANA.search(word) for word in typed) else traces(forms)
    found = _spans(title, forms, typed, near), _spans(whole[begin : begin + SNIPPET], forms, typed, near)
    if near is not None and not any(found):
        found = _spans(title, forms, typed), _spans(whole[begin : begin + SNIPPET], forms, typed)
    return _html(title, found[0]), _cut(whole, begin, found[1])


def _html(text: str, spans: list[tuple[int, int]]) -> SafeString:
    parts: list[str] = []
    position = 0
    for begin, end in _merged(spans):
        parts += (escape(text[position:begin]), "<mark>", escape(text[begin:end]), "</mark>")
        position = end
    return mark_safe("".join((*parts, escape(text[position:]))))  # noqa: S308 -- all of the text is escaped


def _stretch(texts: Iterable[str], forms: Collection[str], typed: Sequence[str]) -> tuple[str, int]:
    """All of the texts in one line, and where in it the snippet begins."""
    whole = _SPACES.sub(" ", " ".join(_unrepeated(texts))[:_LOOKED_AT]).strip()
    return whole, _window(whole, _needles(forms, typed)) if typed else 0


def _cut(whole: str, begin: int, spans: list[tuple[int, int]]) -> SafeString:
    end = begin + SNIPPET
    html = _html(whole[begin:end], spans)
    return mark_safe(f"{'…' if begin else ''}{html}{'…' if end < len(whole) else ''}")  # noqa: S308 -- html is safe


def _unrepeated(texts: Iterable[str]) -> list[str]:
    """Without a text that the next one begins with: a summary is often the body's first sentences, read twice."""
    kept: list[str] = []
    for text in texts:
        if kept and text.lstrip().startswith(kept[-1].strip().rstrip("…")):
            kept.pop()
        if text:
            kept.append(text)
    return kept


def _spans(
    text: str, forms: Collection[str], typed: Sequence[str], near: Traces | None = None
) -> list[tuple[int, int]]:
    spelled = respell(text)
    readings = {reading for word in typed if (reading := kana_reading(word))}
    tokens = occurrences(spelled, forms, readings, near.within if near else None) if forms else []
    matched = [token for token in tokens if token.form in forms]
    spans = _touching(
        [(token.begin, token.end) for token in matched if len(token.form) > 1 or token.form in typed],
        [(token.begin, token.end) for token in matched if len(token.form) == 1 and token.form not in typed],
    )
    spans += [(token.begin, token.end) for token in tokens if token.reading in readings]
    if typed and not spans:  # found by its characters alone, inside words that the dictionary cuts otherwise
        for word in typed:
            spans += [spelled.span(m.start(), m.end()) for m in re.finditer(re.escape(word), spelled.text) if word]
    return spans


def _touching(whole: list[tuple[int, int]], parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans of words, with those of one-letter parts (所 of 避難所) that stand right beside one."""
    begins, ends = {begin for begin, _ in whole}, {end for _, end in whole}
    return [*whole, *((begin, end) for begin, end in parts if begin in ends or end in begins)]


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without overlaps; neighbours are one mark."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _needles(forms: Collection[str], typed: Sequence[str]) -> list[str]:
    """Strings whose presence tells where a match may be, without analysing all of the text."""
    return list(dict.fromkeys([*(word for word in typed if len(word) <= 20), *forms, *(form[:2] for form in forms)]))


def _window(text: str, needles: Sequence[str]) -> int:
    """Where to begin: the stretch in which most different needles occur, from the start of its sentence if near."""
    found: list[tuple[int, str]] = []
    for haystack in (text, text.lower()):
        for needle in needles:
            start = haystack.find(needle)
            for _ in range(20):
                if start < 0:
                    break
                found.append((start, needle))
                start = haystack.find(needle, start + 1)
        if found:
            break
    else:
        spelled = respell(text)
        found = [(spelled.begins[at], needle) for needle in needles if (at := spelled.text.find(needle)) >= 0]
    if not found:
        return 0
    found.sort()
    best, best_score = found[0][0], 0
    for position, _ in found:
        inside = {needle for at, needle in found if position <= at < position + SNIPPET - 20}
        if (score := sum(len(needle) for needle in inside)) > best_score:
            best, best_score = position, score
    ends = [match.end() for match in _SENTENCE_END.finditer(text, max(0, best - 40), best)]
    begin = ends[-1] if ends else max(0, best - 20)
    return 0 if begin < 30 and best < SNIPPET - 30 else begin
