"""What a reader asked: text and filters from an address → a frozen SearchRequest, and back to an address.

Pure, and it never fails: whatever stands in the address is a request. The text is literal but for
two things: "…" is a phrase, and - before a word excludes it. Operators of any engine mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from search.engines.base import Order

#: The facets of the page, in its order; each is also the name of its parameter.
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
    """One word as typed: what stands between spaces, or between quotation marks."""

    text: str
    phrase: bool = False
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A question to search, checked and cut to size. Not yet tied to a reader."""

    text: str = ""
    words: tuple[Word, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: Order = "relevance"
    page: int = 1
    cut: bool = False  # the text was longer than what is read of it
    explain: bool = False  # the office asks why the hits stand as they do

    @property
    def asked(self) -> bool:
        """Whether there are words to find (and not only some to exclude)."""
        return any(not word.excluded for word in self.words)

    def address(self, *, without: tuple[str, str] | None = None, **changes: Any) -> str:
        """The query string that gives this page again, or one that differs from it as asked."""
        pairs: list[tuple[str, str]] = [("q", self.text)] if self.text else []
        filters = changes.get("filters", self.filters)
        pairs += [(name, code) for name in FACETS for code in filters.get(name, ()) if (name, code) != without]
        sort, page = changes.get("sort", self.sort), changes.get("page", 1)
        pairs += [("sort", sort)] if sort != "relevance" else []
        pairs += [("page", str(page))] if page > 1 else []
        pairs += [("explain", "1")] if changes.get("explain", self.explain) else []
        return f"?{urlencode(pairs)}"


def parse(parameters: Mapping[str, Sequence[str]]) -> SearchRequest:
    """The request that an address asks for; each parameter may occur any number of times, or not at all."""
    raw = _DROPPED.sub("", _last(parameters, "q")).strip()
    text = raw[:MAX_CHARACTERS].strip()
    words = parse_words(text)
    filters = {}
    for name in FACETS:
        given = (_DROPPED.sub("", code) for code in parameters.get(name, ()))
        codes = dict.fromkeys(code for code in given if _CODE.fullmatch(code))
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
    """The words of a text. A quotation mark without its pair, and a lone -, are nothing."""
    text = text.translate(_QUOTES)
    if text.count('"') % 2:
        head, _, tail = text.rpartition('"')
        text = f"{head} {tail}"
    words = []
    for match in _PART.finditer(text):
        phrase = match["phrase"] is not None
        said = (match["phrase"] if phrase else match["word"]).strip()
        if said.strip("-－−"):
            # A minus inside a word (L-R07-00123) is part of it: the pattern takes one only where a word begins.
            words.append(Word(said, phrase, bool(match["minus"])))
    return tuple(words)


def _last(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name) or ("",)
    return values[-1]
