"""What content says to search: the engine-neutral SearchDocument, and the Card that people are shown.

This is the one module of search that content rooms import, and only from their ``search_source``.
A document goes into the index and is never shown; a card is read from the database at answer time
and is never indexed. It refuses to know any engine, and to repair what a source gets wrong: a bad
document raises DocumentError, its row is parked with that reason, and nothing else waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime

#: Raised by one whenever a field changes its meaning; each generation of an index is stamped with it.
SCHEMA_VERSION = 3


class DocumentError(ValueError):
    """A source offered a document that must not enter the index."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """The text of a file; `label` names it and its page or sheet, as people will read it."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """Version 1 of what one row says in the index (decided.md, Search seam).

    Texts are as typed: analysis is search's own work. Codes (`type`, `theme`, `maturity` …) are the
    ASCII codes of the database; `audience` holds the item-side tokens of the one policy.
    """

    # identity: key is "<source>:<primary key>"
    key: str
    source: str
    type: str
    public_id: str
    url: str
    # who may find it: never empty, for a document without tokens could be found by nobody
    audience: tuple[str, ...]
    # text
    title: str
    summary: str = ""
    body: str = ""
    attachments: tuple[Attachment, ...] = ()
    keywords: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    author_label: str = ""
    lang: str = "ja"
    # where and when: unit_names lists every name, then and now, that should find it
    unit_uid: str = ""
    unit_names: tuple[str, ...] = ()
    fiscal_year: int | None = None
    occurred_on: date | None = None
    published_at: datetime | None = None
    # classification
    theme: tuple[str, ...] = ()
    stance: tuple[str, ...] = ()
    scene: tuple[str, ...] = ()
    municipality: tuple[str, ...] = ()
    # worth
    maturity: str = ""
    reuse: int = 0
    superseded_by: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            if problem := _problem(field.name, str(field.type), getattr(self, field.name)):
                raise DocumentError(f"{self.key!r}: {field.name} {problem}")
        if not self.key.startswith(f"{self.source}:") or len(self.key) == len(self.source) + 1:
            raise DocumentError(f"{self.key!r}: key is not '<source>:<primary key>'")
        for name in ("source", "type", "title", "audience"):
            if not getattr(self, name):
                raise DocumentError(f"{self.key!r}: {name} is empty")
        for code in (self.type, self.maturity, self.unit_uid, *self.audience, *self.codes()):
            if any(ch.isspace() or ch == "\0" for ch in code):
                raise DocumentError(f"{self.key!r}: {code!r} is a code and holds white space")
        if self.published_at is not None and self.published_at.tzinfo is None:
            raise DocumentError(f"{self.key!r}: published_at has no time zone")

    def codes(self) -> tuple[str, ...]:
        """Every code of a vocabulary that the document carries."""
        return (*self.theme, *self.stance, *self.scene, *self.municipality)


@dataclass(frozen=True, slots=True)
class Card:
    """What the results page shows of one row, read from the database for one reader.

    `text` is the plain text that the snippet is cut from. `unit_now_label` is empty where the unit
    still has the name of then. `badges` are (code, label) pairs, the most important first.
    """

    type: str
    type_label: str
    public_id: str
    url: str
    title: str
    summary: str = ""
    text: str = ""
    unit_label: str = ""
    unit_now_label: str = ""
    date_label: str = ""
    badges: tuple[tuple[str, str], ...] = ()
    reuse: int = 0


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the box while somebody is typing, for sources that suggest rows of their own.

    `text` is respelled (search/spelling.py) and without spaces; `hiragana` is its reading where it is kana or
    romaji alone, else empty.
    """

    text: str
    hiragana: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that might be meant, and where it is; the reader may open it."""

    label: str
    url: str
    kind: str  # what it is, in Japanese: 「教訓」, 「所属」 …


_SCALARS: dict[str, type] = {"str": str, "int": int, "date": date, "datetime": datetime}


def _problem(name: str, annotation: str, value: object) -> str:
    """Why `value` does not fit its annotation, or an empty string."""
    if annotation.startswith("tuple["):
        if not isinstance(value, tuple):
            return "is not a tuple"
        wanted = Attachment if "Attachment" in annotation else str
        if all(isinstance(part, wanted) for part in value):
            return ""
        return f"holds something other than {wanted.__name__}"
    kind, _, optional = annotation.partition(" | ")
    if value is None:
        return "" if optional else "is None"
    if isinstance(value, bool) or not isinstance(value, _SCALARS[kind]):
        return f"is not {kind}"
    if kind == "date" and isinstance(value, datetime):
        return "is a moment, not a day"
    return ""
