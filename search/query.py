"""Converts a query string to a frozen SearchRequest, and a request back to a query string.

The functions are pure and never fail: every query string is a valid request. The text is taken literally, with two
exceptions: "…" is a phrase, and a - before a word excludes the word. Operators of search engines have no special
meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from search.engines.base import Order

#: The facets of the page, in the order of the page. Each name is also the name of the facet's parameter.
FACETS = ("type", "theme", "unit", "fiscal_year")
MAX_CHARACTERS = 300
MAX_WORDS = 16
_MAX_CODES = 50
_CODE = re.compile(r"[^\s\x00-\x1f]{1,64}")
_DROPPED = re.compile("[\x00\ud800-\udfff]")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "＂": '"', "〝": '"', "〟": '"'})
_PART = re.compile(r'(?P<minus>[-－−])?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the reader typed it: the text between two spaces, or between quotation marks."""

    text: str
    phrase: bool = False
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A valid request that is cut to the maximum size. The request does not depend on a reader."""

    text: str = ""
    words: tuple[Word, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: Order = "relevance"
    page: int = 1
    cut: bool = False  # The text was longer than the maximum.
    explain: bool = False  # Shows why each hit has its rank (for the knowledge office).

    @property
    def asked(self) -> bool:
        """Whether there are words to search for. Words that are only excluded do not count."""
        return any(not word.excluded for word in self.words)

    def address(self, *, without: tuple[str, str] | None = None, page: int = 1, **changes: Any) -> str:
        """Returns the query string with these fields changed and with the page set to `page` (default: 1).

        `without` is a pair (facet, code). The filter `without` is removed.
        """
        request = replace(self, page=page, **changes)
        pairs: list[tuple[str, str]] = [("q", request.text)] if request.text else []
        pairs += [(name, code) for name in FACETS for code in request.filters.get(name, ()) if (name, code) != without]
        pairs += [("sort", request.sort)] if request.sort != "relevance" else []
        pairs += [("page", str(request.page))] if request.page > 1 else []
        pairs += [("explain", "1")] if request.explain else []
        return f"?{urlencode(pairs)}"


def parse(parameters: Mapping[str, Sequence[str]]) -> SearchRequest:
    """Returns the request that a query string describes. Each parameter may occur any number of times, or not at
    all."""
    raw = _DROPPED.sub("", _last(parameters, "q")).strip()
    text = raw[:MAX_CHARACTERS].strip()
    words = parse_words(text)
    filters = {}
    for name in FACETS:
        values = (_DROPPED.sub("", code) for code in parameters.get(name, ()))
        codes = dict.fromkeys(code for code in values if _CODE.fullmatch(code))
        if codes:
            filters[name] = tuple(codes)[:_MAX_CODES]
    page = _last(parameters, "page")
    return SearchRequest(
        text=text,
        words=words[:MAX_WORDS],
        filters=filters,
        sort="newest" if _last(parameters, "sort") == "newest" else "relevance",
        page=max(1, int(page)) if re.fullmatch("[0-9]{1,9}", page) else 1,
        explain=_last(parameters, "explain") == "1",
        cut=len(raw) > MAX_CHARACTERS or len(words) > MAX_WORDS,
    )


def parse_words(text: str) -> tuple[Word, ...]:
    """Returns the words of a text. An unpaired quotation mark and a single - are ignored."""
    text = text.translate(_QUOTES)
    if text.count('"') % 2:
        head, _, tail = text.rpartition('"')
        text = f"{head} {tail}"
    words = []
    for match in _PART.finditer(text):
        phrase = match["phrase"] is not None
        word = (match["phrase"] if phrase else match["word"]).strip()
        if word.strip("-－−"):
            # A minus inside a word (L-R07-00123) is part of the word. The pattern takes a minus as an operator only at
            # the start of a word.
            words.append(Word(word, phrase, bool(match["minus"])))
    return tuple(words)


def _last(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name) or ("",)
    return values[-1]
