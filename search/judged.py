"""Judged collections: questions, the documents that answer them, and how well each does (docs/search.md).

A folder holds `queries.jsonl` ({id, text, kind}) and `qrels.tsv` (question, document, grade 1 to 3). With a
`corpus.jsonl` ({id, title, text}) beside them it is complete by itself; each `.jsonl` may be `.gz`. Without one it
judges documents of this database: `SEARCH_JUDGED` names a function that says which (name in `qrels.tsv` → key in
the index), and the registry's sources build them, so that what is judged is what readers find. It refuses to
judge by public ids, which follow the day a demo was loaded on, and to guess where a judged document is missing.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from search.documents import SearchDocument
from search.indexes import by_source
from search.registry import sources

#: A year that a question names is that of a document, for the demo's years move with the day: {令和:name}年度.
_YEAR = re.compile(r"\{(?P<form>R|令和|西暦):(?P<name>[\w-]+)\}")
_BEFORE_REIWA = 2018


class JudgedDocumentsMissing(Exception):  # noqa: N818 -- reads as what happened
    """The database does not hold (all of) the documents that a folder judges."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as somebody would type it, its kind, and document → grade of what answers it."""

    id: str
    text: str
    kind: str
    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """One collection: its documents (keys are `judged:<name>`), its questions, and the reviewed words that help."""

    name: str
    documents: Iterable[SearchDocument]
    questions: tuple[Question, ...]
    synonyms: tuple[Collection[str], ...] = ()


def read(folder: Path, first: int | None = None) -> Judged:
    """The collection of `folder`, or the `first` so many of its questions. Questions without judgements are left out."""
    grades = _judgements(folder)
    rows = [row for row in list(_rows(folder, "queries"))[:first] if row["id"] in grades]
    questions = tuple(Question(row["id"], row["text"], row.get("kind", ""), grades[row["id"]]) for row in rows)
    if _path(folder, "corpus") is not None:
        return Judged(folder.name, map(_document, _rows(folder, "corpus")), questions)
    documents = _of_this_database(name for question in questions for name in question.grades)
    years = {name: document.fiscal_year for name, document in documents.items()}
    groups = tuple(group for source in sources().values() for group in source.synonyms())
    questions = tuple(replace(question, text=_with_years(question.text, years)) for question in questions)
    return Judged(folder.name, documents.values(), questions, groups)


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Pairs of forms that mean the same, from a table with a heading line: form, form, …, count, count.

    Only those of which both forms are in use: how often the offices' own texts have each stands in the last columns.
    """
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [(row[0], row[1]) for row in rows if int(row[-2]) > 0 and int(row[-1]) > 0]


def _of_this_database(wanted: Iterable[str]) -> dict[str, SearchDocument]:
    """Each document that may be judged, by name, as its source describes it, readable by everybody."""
    names = cast("Callable[[], Mapping[str, str]]", import_string(settings.SEARCH_JUDGED))() if _is_set() else {}
    by_key = {key: name for name, key in names.items()}
    found: dict[str, SearchDocument] = {}
    for source_name, pks in by_source(by_key).items():
        source = sources()[source_name]
        for row in source.eligible().filter(pk__in=pks).order_by("pk"):
            name = by_key[f"{source_name}:{row.pk}"]
            document = source.document(row)
            # How often a demo item was used follows its primary key, another one after each load.
            found[name] = replace(document, key=f"judged:{name}", source="judged", audience=("public",), reuse=0)
    if missing := sorted(set(wanted) - found.keys()):
        raise JudgedDocumentsMissing(f"{len(missing)} judged documents are not in this database: {missing[:3]}")
    return found


def _is_set() -> bool:
    return bool(settings.SEARCH_JUDGED)


def _with_years(text: str, years: Mapping[str, int | None]) -> str:
    def year(match: re.Match[str]) -> str:
        of = years[match["name"]] or 0
        count = of - _BEFORE_REIWA
        return {"R": f"R{count}", "令和": f"令和{'元' if count == 1 else count}", "西暦": str(of)}[match["form"]]

    return _YEAR.sub(year, text)


def _document(row: Mapping[str, Any]) -> SearchDocument:
    return SearchDocument(
        key=f"judged:{row['id']}", source="judged", type="reference", public_id="", url="",
        audience=("public",), title=row["title"] or "（無題）", body=row["text"],
    )  # fmt: skip


def _path(folder: Path, name: str) -> Path | None:
    return next((path for end in ("", ".gz") if (path := folder / f"{name}.jsonl{end}").exists()), None)


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    path = _path(folder, name) or folder / f"{name}.jsonl"
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _judgements(folder: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        question, document, grade = line.split("\t")
        found.setdefault(question, {})[document] = int(grade)
    return found
