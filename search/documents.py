"""The interface for content apps: the SearchDocument for the engines, and the Card for the results page.

Content apps import no other module of search, and they import this module only in their ``search_source``. A document
is written to the index and is never shown. A card is read from the database when a search is answered, and is never
written to the index. An invalid document is not repaired: it raises DocumentError, its row is parked with the reason,
and other rows are not affected.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime

#: The version of the fields of SearchDocument. Increase it whenever a field changes its meaning. The version is part of
#: the stamp of each generation, and a generation with another stamp is rebuilt.
SCHEMA_VERSION = 3


class DocumentError(ValueError):
    """A source returned a document that must not be written to the index."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """The text of a file. `label` names the file and its page or sheet, in the words that readers use."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """What the index contains about one row (see SCHEMA_VERSION).

    Texts are as their authors typed them. Search analyses them later. Codes (`type`, `theme`, `maturity` …) are the
    ASCII codes of the database. `audience` contains the item's tokens of the access policy. `attachments` is indexed,
    but no source fills this field yet.
    """

    # Identity: the key is "<source>:<primary key>".
    key: str
    source: str
    type: str
    public_id: str
    url: str
    # Who may find the document. Never empty, because nobody could find a document without tokens.
    audience: tuple[str, ...]
    # Texts.
    title: str
    summary: str = ""
    body: str = ""
    attachments: tuple[Attachment, ...] = ()
    keywords: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    author_label: str = ""
    lang: str = "ja"
    # Where and when. `unit_names` contains every past and present name under which the document is found.
    unit_uid: str = ""
    unit_names: tuple[str, ...] = ()
    fiscal_year: int | None = None
    occurred_on: date | None = None
    published_at: datetime | None = None
    # Classification.
    theme: tuple[str, ...] = ()
    stance: tuple[str, ...] = ()
    scene: tuple[str, ...] = ()
    municipality: tuple[str, ...] = ()
    # Worth.
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
        """Returns all vocabulary codes of the document."""
        return (*self.theme, *self.stance, *self.scene, *self.municipality)


@dataclass(frozen=True, slots=True)
class Card:
    """What the results page shows of one row. The card is read from the database for one reader.

    The snippet is cut from `text`, which is plain text. `unit_now_label` is empty if the unit still has the same name.
    `badges` are pairs (code, label), the most important first.
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
    """The text that is in the search box now. Suggesters use it.

    `text` is normalised (search/normalization.py) and has no spaces. `hiragana` is the reading of a text that consists
    of kana or romaji only. For all other texts it is empty.
    """

    text: str
    hiragana: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion with its address. The reader may open this address."""

    label: str
    url: str
    kind: str  # The kind in Japanese: 「教訓」, 「所属」 …


_SCALARS: dict[str, type] = {"str": str, "int": int, "date": date, "datetime": datetime}


def _problem(name: str, annotation: str, value: object) -> str:
    """Returns the reason why `value` does not match its annotation. Returns an empty string if it matches."""
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
