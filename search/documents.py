"""The interface for content apps: the engine-neutral SearchDocument, and the Card that the results page shows.

This is the only module of search that content apps import, and only from their ``search_source``. A document goes into
the index and is never shown; a card is read from the database at answer time and is never indexed. An invalid document
is not repaired: it raises DocumentError, its row is parked with that reason, and other rows are not affected.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime

#: Version of the fields of SearchDocument. Increase it whenever a field changes its meaning: it is part of the stamp of
#: each generation, and a generation with another stamp is rebuilt.
SCHEMA_VERSION = 3


class DocumentError(ValueError):
    """A source returned a document that must not enter the index."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """The text of a file. `label` names the file and its page or sheet, as readers know it."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """What the index contains of one row (see SCHEMA_VERSION).

    Texts are as typed; search analyses them. Codes (`type`, `theme`, `maturity` …) are the ASCII codes of the database.
    `audience` holds the item's tokens of the access policy. No source fills `attachments` yet; the field is indexed.
    """

    # identity: key is "<source>:<primary key>"
    key: str
    source: str
    type: str
    public_id: str
    url: str
    # who may find it: never empty, as nobody could find a document without tokens
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
    # where and when: unit_names lists every past and present name that should find it
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
        """All vocabulary codes of the document."""
        return (*self.theme, *self.stance, *self.scene, *self.municipality)


@dataclass(frozen=True, slots=True)
class Card:
    """What the results page shows of one row, read from the database for one reader.

    `text` is the plain text from which the snippet is cut. `unit_now_label` is empty if the unit still has the same
    name. `badges` are (code, label) pairs, most important first.
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
    """The current content of the search box, for suggesters.

    `text` is normalised (search/normalization.py) and without spaces. `hiragana` is its reading if it consists of kana or
    romaji only, otherwise empty.
    """

    text: str
    hiragana: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion and its address; the reader may open it."""

    label: str
    url: str
    kind: str  # what it is, in Japanese: 「教訓」, 「所属」 …


_SCALARS: dict[str, type] = {"str": str, "int": int, "date": date, "datetime": datetime}


def _problem(name: str, annotation: str, value: object) -> str:
    """Why `value` does not match its annotation, or an empty string."""
    if annotation.startswith("tuple["):
        if not isinstance(value, tuple):
            return "is not a tuple"
        expected = Attachment if "Attachment" in annotation else str
        if all(isinstance(part, expected) for part in value):
            return ""
        return f"holds something other than {expected.__name__}"
    kind, _, optional = annotation.partition(" | ")
    if value is None:
        return "" if optional else "is None"
    if isinstance(value, bool) or not isinstance(value, _SCALARS[kind]):
        return f"is not {kind}"
    if kind == "date" and isinstance(value, datetime):
        return "is a moment, not a day"
    return ""
