"""Judged collections: questions, and a grade for each document that answers them (docs/reference/search.md).

A folder contains `queries.jsonl` ({id, text, kind}) and `qrels.tsv` (question, document, grade 1 to 3). Each `.jsonl`
file may be `.gz`. With a `corpus.jsonl` ({id, title, text}), the folder contains its own documents. Without a corpus,
the grades are for documents of this database. The function that `SEARCH_JUDGED` names maps the names in `qrels.tsv` to
keys of the index. The sources build the documents. So the evaluation uses the same documents that readers find. Public
ids are not used as names, because they depend on the day on which a demo was loaded. A missing judged document is an
error.
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
from search.generations import by_source
from search.registry import sources

#: The placeholder {令和:name}年度 in a question is replaced by the year of the document `name`. The years in the demo
#: depend on the day of loading.
_YEAR = re.compile(r"\{(?P<form>R|令和|西暦):(?P<name>[\w-]+)\}")
_BEFORE_REIWA = 2018


class JudgedDocumentsMissing(Exception):  # noqa: N818 -- the name says what happened
    """Some documents that a folder judges are not in the database."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a reader would type it, its kind, and its grades (document → grade)."""

    id: str
    text: str
    kind: str
    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class JudgedCollection:
    """A collection: its documents (with keys `judged:<name>`), its questions, and the synonyms that search must use."""

    name: str
    documents: Iterable[SearchDocument]
    questions: tuple[Question, ...]
    synonyms: tuple[Collection[str], ...] = ()


def read(folder: Path, first: int | None = None) -> JudgedCollection:
    """Returns the collection in `folder`, or only its `first` n questions. Questions without judgements are left
    out."""
    grades = _judgements(folder)
    rows = [row for row in list(_rows(folder, "queries"))[:first] if row["id"] in grades]
    questions = tuple(Question(row["id"], row["text"], row.get("kind", ""), grades[row["id"]]) for row in rows)
    if _path(folder, "corpus") is not None:
        return JudgedCollection(folder.name, map(_document, _rows(folder, "corpus")), questions)
    documents = _of_this_database(name for question in questions for name in question.grades)
    years = {name: document.fiscal_year for name, document in documents.items()}
    groups = tuple(group for source in sources().values() for group in source.synonyms())
    questions = tuple(replace(question, text=_with_years(question.text, years)) for question in questions)
    return JudgedCollection(folder.name, documents.values(), questions, groups)


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Returns pairs of equivalent forms. The file is a table with a header line: form, form, …, count, count.

    A pair is returned only if both of its forms are in use. The last two columns contain how often each form occurs in
    the offices' own texts.
    """
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [(row[0], row[1]) for row in rows if int(row[-2]) > 0 and int(row[-1]) > 0]


def _of_this_database(wanted: Iterable[str]) -> dict[str, SearchDocument]:
    """Returns the judged documents by name. The sources build them, but here everybody may read them."""
    names = _judged_keys()
    by_key = {key: name for name, key in names.items()}
    documents: dict[str, SearchDocument] = {}
    for source_name, pks in by_source(by_key).items():
        source = sources()[source_name]
        for row in source.eligible().filter(pk__in=pks).order_by("pk"):
            name = by_key[f"{source_name}:{row.pk}"]
            document = source.document(row)
            # In a demo, the number of uses depends on the primary key, and the primary key differs after each load.
            documents[name] = replace(document, key=f"judged:{name}", source="judged", audience=("public",), reuse=0)
    if missing := sorted(set(wanted) - documents.keys()):
        raise JudgedDocumentsMissing(f"{len(missing)} judged documents are not in this database: {missing[:3]}")
    return documents


def _judged_keys() -> Mapping[str, str]:
    if not settings.SEARCH_JUDGED:
        return {}
    return cast("Callable[[], Mapping[str, str]]", import_string(settings.SEARCH_JUDGED))()


def _with_years(text: str, years: Mapping[str, int | None]) -> str:
    def year(match: re.Match[str]) -> str:
        fiscal_year = years[match["name"]] or 0
        reiwa = fiscal_year - _BEFORE_REIWA
        forms = {"R": f"R{reiwa}", "令和": f"令和{'元' if reiwa == 1 else reiwa}", "西暦": str(fiscal_year)}
        return forms[match["form"]]

    return _YEAR.sub(year, text)


def _document(row: Mapping[str, Any]) -> SearchDocument:
    return SearchDocument(
        key=f"judged:{row['id']}",
        source="judged",
        type="reference",
        public_id="",
        url="",
        audience=("public",),
        title=row["title"] or "（無題）",
        body=row["text"],
    )


def _path(folder: Path, name: str) -> Path | None:
    return next((path for end in ("", ".gz") if (path := folder / f"{name}.jsonl{end}").exists()), None)


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    path = _path(folder, name) or folder / f"{name}.jsonl"
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _judgements(folder: Path) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        question, document, grade = line.split("\t")
        grades.setdefault(question, {})[document] = int(grade)
    return grades
