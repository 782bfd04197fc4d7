"""Database truth → index. The only writer of documents.

For a set of rows: draw a version, then read the rows, then write, then look. A row that is no longer
eligible is forgotten under the same version. It refuses to trust what a change said: only the row
as it stands now is written, so changes may come twice, late or in any order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from search.analysis import ANALYSIS_VERSION, analyse, kana_reading, readings, single_kanji
from search.documents import SCHEMA_VERSION, DocumentError, SearchDocument
from search.engines.base import Change, Engine, IndexedDocument, Kind, Signals
from search.models import VersionCounter
from search.registry import SearchSource, sources

BATCH = 100


@dataclass(slots=True)
class Outcome:
    """What became of the rows of one call, by key."""

    version: int
    refused: dict[str, str] = field(default_factory=dict)  # key → reason; trying again may help
    invalid: dict[str, str] = field(default_factory=dict)  # key → reason; only another document helps


def index(engine: Engine, wanted: Mapping[str, Collection[Any]], generation: str | None = None) -> Outcome:
    """Bring these rows (source name → keys) up to date, in all generations or in one."""
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


def _changes(source: SearchSource, pks: Collection[Any], outcome: Outcome) -> Iterable[Change]:
    """Each row as a change; a row that cannot be described harms no other."""
    pk_field = source.model._meta.pk
    asked = {}
    for pk in pks:
        try:
            asked[str(pk)] = pk_field.to_python(pk)
        except ValidationError:
            outcome.invalid[f"{source.name}:{pk}"] = "no primary key of this source"
    found = {str(row.pk): row for row in source.eligible().filter(pk__in=list(asked.values()))}
    for pk in asked:
        key = f"{source.name}:{pk}"
        if pk not in found:
            yield Change(key, outcome.version, None)
            continue
        try:
            document = source.document(found[pk])
            if document.key != key:
                raise DocumentError(f"the document of {key} calls itself {document.key!r}")
            yield Change(key, outcome.version, describe(document))
        except DocumentError as error:
            outcome.invalid[key] = f"DocumentError: {error}"
        except Exception as error:  # whatever a source gets wrong concerns this row alone
            outcome.refused[key] = f"{type(error).__name__}: {error}"


def _unseen(engine: Engine, changes: Collection[Change], outcome: Outcome) -> dict[str, str]:
    """The check: keys that the index does not hold at the version just written, or a later one."""
    held = engine.stored([change.key for change in changes])
    return {
        change.key: "the index does not hold what was written"
        for change in changes
        if held.get(change.key, 0) < outcome.version and change.key not in outcome.refused
    }


def describe(document: SearchDocument) -> IndexedDocument:
    """A document as engines keep it: analysed, and reduced to codes."""
    names = (document.public_id, document.author_label, *document.keywords, *document.unit_names, *_years(document))
    texts = {
        "title": document.title,
        "summary": document.summary,
        "body": document.body,
        "names": "\n".join(name for name in names if name),
        "attachments": "\n".join(f"{part.label}\n{part.text}" for part in document.attachments),
    }
    tokens: dict[Kind, dict[str, str]] = {"a": {}, "c": {}, "b": {}, "r": {}}
    for name, text in texts.items():
        if not text:
            continue
        analysis = analyse(text[: settings.SEARCH_FIELD_LIMIT])
        parts: dict[Kind, list[str]] = {"a": analysis.forms("a"), "c": analysis.forms("c"), "b": list(analysis.b)}
        if name == "title":
            parts["b"] += single_kanji(text)
            parts["r"] = readings(analysis)
        elif name == "names":
            parts["r"] = [*readings(analysis), *filter(None, map(kana_reading, document.readings))]
        for kind, forms in parts.items():
            if forms:
                tokens[kind][name] = " ".join(forms)
    if document.readings and "names" not in tokens["r"]:
        tokens["r"]["names"] = " ".join(filter(None, map(kana_reading, document.readings)))
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
    """The years of a document as people name them: texts seldom say in which year they were written."""
    if document.fiscal_year:
        yield f"FY{document.fiscal_year}"
    if document.occurred_on:
        yield f"{document.occurred_on.year}年"


def _newest(document: SearchDocument) -> float:
    """Seconds that order "newest first": when it became readable, else the day it is about."""
    if document.published_at is not None:
        return document.published_at.timestamp()
    return (document.occurred_on.toordinal() - 719_163) * 86_400.0 if document.occurred_on else 0.0


def stamp() -> str:
    """What a generation must have been made with to serve this code."""
    return f"schema {SCHEMA_VERSION}, analysis {ANALYSIS_VERSION}, dictionary {settings.SEARCH_DICTIONARY}"
