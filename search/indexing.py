"""Writes rows of the database to the index. No other module writes documents.

For each set of rows, this module draws a version, reads the rows, writes them, and verifies the write. If a row is no
longer eligible, its document is deleted under the same version. A change never tells what to write: the current state
of the row is written. So the same change may arrive twice, late or in any order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ValidationError

from search.analysis import ANALYSIS_VERSION, analyse, kana_reading, readings, single_kanji
from search.documents import SCHEMA_VERSION, DocumentError, SearchDocument
from search.engines.base import Change, Engine, IndexedDocument, Signals, TokenKind
from search.models import VersionCounter
from search.registry import PrimaryKey, SearchSource, sources

BATCH = 100


@dataclass(slots=True)
class Outcome:
    """The result of one call: the rows that failed, by key."""

    version: int
    refused: dict[str, str] = field(default_factory=dict)  # key → reason; a retry may help
    invalid: dict[str, str] = field(default_factory=dict)  # key → reason; only a change of the document helps


def index(engine: Engine, wanted: Mapping[str, Collection[PrimaryKey]], generation: str | None = None) -> Outcome:
    """Writes the current state of these rows to the index, in all generations or in one. `pks_by_source` maps names
    of sources to primary keys."""
    outcome = Outcome(VersionCounter.draw())
    changes: list[Change] = []
    for name, pks in wanted.items():
        if name in sources():
            changes += _changes(sources()[name], pks, outcome)
        else:
            outcome.invalid.update((f"{name}:{pk}", "no such source") for pk in pks)
    if changes:
        refused = engine.write(changes, generation)
        outcome.refused.update(refused)
        if generation is None:
            outcome.refused.update(_unseen(engine, changes, outcome))
    return outcome


def _changes(source: SearchSource, pks: Collection[PrimaryKey], outcome: Outcome) -> Iterable[Change]:
    """Returns each row as a change. A row whose document cannot be made does not affect the other rows."""
    pk_field = source.model._meta.pk
    pk_values = {}
    for pk in pks:
        try:
            pk_values[str(pk)] = pk_field.to_python(pk)
        except ValidationError:
            outcome.invalid[f"{source.name}:{pk}"] = "no primary key of this source"
    rows = {str(row.pk): row for row in source.eligible().filter(pk__in=list(pk_values.values()))}
    for pk in pk_values:
        key = f"{source.name}:{pk}"
        if pk not in rows:
            yield Change(key, outcome.version, None)
            continue
        try:
            document = source.document(rows[pk])
            if document.key != key:
                raise DocumentError(f"the document of {key} calls itself {document.key!r}")
            yield Change(key, outcome.version, describe(document))
        except DocumentError as error:
            outcome.invalid[key] = f"DocumentError: {error}"
        except Exception as error:  # an error of a source affects only this row
            outcome.refused[key] = f"{type(error).__name__}: {error}"


def _unseen(engine: Engine, changes: Collection[Change], outcome: Outcome) -> dict[str, str]:
    """Verifies the write. Returns the keys whose version in the index is missing or older than the version just
    written."""
    held = engine.stored([change.key for change in changes])
    return {
        change.key: "the index does not hold what was written"
        for change in changes
        if held.get(change.key, 0) < outcome.version and change.key not in outcome.refused
    }


def describe(document: SearchDocument) -> IndexedDocument:
    """Returns a document in the form that engines store: its texts are analysed, and its fields are reduced to
    codes."""
    names = (document.public_id, document.author_label, *document.keywords, *document.unit_names, *_years(document))
    texts = {
        "title": document.title,
        "summary": document.summary,
        "body": document.body,
        "names": "\n".join(name for name in names if name),
        "attachments": "\n".join(f"{part.label}\n{part.text}" for part in document.attachments),
    }
    given_readings = [reading for text in document.readings if (reading := kana_reading(text))]
    tokens: dict[TokenKind, dict[str, str]] = {kind: {} for kind in TokenKind}
    for name, text in texts.items():
        if not text:
            continue
        analysis = analyse(text[: settings.SEARCH_FIELD_LIMIT])
        forms = {kind: analysis.forms(kind) for kind in (TokenKind.UNIT, TokenKind.COMPOUND, TokenKind.BIGRAM)}
        if name == "title":
            forms[TokenKind.BIGRAM] += single_kanji(text)
            forms[TokenKind.READING] = readings(analysis)
        elif name == "names":
            forms[TokenKind.READING] = [*readings(analysis), *given_readings]
        for kind, tokens_of_kind in forms.items():
            if tokens_of_kind:
                tokens[kind][name] = " ".join(tokens_of_kind)
    if document.readings and "names" not in tokens[TokenKind.READING]:
        tokens[TokenKind.READING]["names"] = " ".join(given_readings)
    return IndexedDocument(
        tokens=tokens,
        codes={
            "type": (document.type,),
            "theme": document.theme,
            "stance": document.stance,
            "scene": document.scene,
            "municipality": document.municipality,
            "unit": (document.unit_uid,) if document.unit_uid else (),
            "fiscal_year": (str(document.fiscal_year),) if document.fiscal_year else (),
            "maturity": (document.maturity,) if document.maturity else (),
        },
        audience=document.audience,
        newest=_newest(document),
        signals=Signals(
            public_id=document.public_id,
            maturity=document.maturity,
            reuse=document.reuse,
            superseded_by=document.superseded_by,
            unit_uid=document.unit_uid,
            day=int(_newest(document) // 86_400) if _newest(document) else 0,
        ),
    )


def _years(document: SearchDocument) -> Iterable[str]:
    """Returns the years of a document in the words that people use, because a text seldom contains the year of its
    writing."""
    if document.fiscal_year:
        yield f"FY{document.fiscal_year}"
    if document.occurred_on:
        yield f"{document.occurred_on.year}年"


def _newest(document: SearchDocument) -> float:
    """Returns the timestamp for the order "newest first".

    For a published document, it is the time of publication. If the document was not published, it is the day that the
    document is about.
    """
    if document.published_at is not None:
        return document.published_at.timestamp()
    return (document.occurred_on.toordinal() - 719_163) * 86_400.0 if document.occurred_on else 0.0


def stamp() -> str:
    """Returns the versions of this code as a stamp. A generation can be used only if it was built with the same
    versions."""
    return f"schema {SCHEMA_VERSION}, analysis {ANALYSIS_VERSION}, dictionary {settings.SEARCH_DICTIONARY}"
