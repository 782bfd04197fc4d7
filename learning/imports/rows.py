"""Reads one row of a table as the values of one kind, or refuses it cell by cell.

Does not ask the database: numbers and codes are resolved in ``learning.imports.loaders``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import Any

from imports.cells import CellError
from imports.report import Refusal
from imports.spreadsheets import defused
from imports.table import Row, letter
from learning.imports.fields import EXAMPLE, FIELDS, one_width
from learning.models import Kind

#: The external ids of our own exports: they name a row of this database, whatever the source.
OWN = "manabi:"


@dataclass(frozen=True)
class Line:
    """A row that could be read. `values` holds the fields that have a column in the file; None or "" where empty."""

    number: int
    values: Mapping[str, Any]
    #: The letter of each field's column, for refusals.
    columns: Mapping[str, str] = field(default_factory=dict)

    def refused(self, name: str, reason: str) -> Refusal:
        return Refusal(self.number, self.columns.get(name, ""), reason)


@dataclass(frozen=True)
class Waiting:
    """A line whose person is not known, and why."""

    key: str
    line: Line
    reason: str


@dataclass(frozen=True)
class Shape:
    """Where the fields of a kind stand in a file."""

    kind: str
    header: Sequence[str]
    mapping: Mapping[str, str]

    def read(self, row: Row) -> Line | list[Refusal] | None:
        """The row's values, or everything that is wrong with it; None for the template's example."""
        if any(isinstance(cell, str) and cell.startswith(EXAMPLE) for cell in row.cells):
            return None
        places = {self.mapping.get(heading, ""): n for n, heading in enumerate(self.header) if heading}
        used = {letter(n) for name, n in places.items() if name}
        refusals = [refusal for refusal in row.refused if not refusal.column or refusal.column in used]
        values: dict[str, Any] = {}
        columns: dict[str, str] = {}
        for known in FIELDS[self.kind]:
            place = places.get(known.name)
            if place is None:
                continue
            columns[known.name] = column = letter(place)
            try:
                value = known.read(row.cells[place] if place < len(row.cells) else None)
            except CellError as error:
                refusals.append(Refusal(row.number, column, f"{known.label}：{error}"))
                continue
            if known.required and value in ("", None) and not any(w.column == column for w in refusals):
                refusals.append(Refusal(row.number, column, f"{known.label}：空です。入れてください。"))
            values[known.name] = value
        line = Line(row.number, values, columns)
        return refusals or _whole(self.kind, line) or line


def _whole(kind: str, line: Line) -> list[Refusal]:
    """Refusals of cells that contradict each other."""
    values = line.values
    if kind == Kind.RECORDS:
        if not values.get("course_code") and not values.get("course_title"):
            name = "course_code" if "course_code" in line.columns else "course_title"
            return [line.refused(name, "科目番号も名称も空です。どちらかを入れてください。")]
        if values.get("ends_on") and values["ends_on"] < values["starts_on"]:
            return [line.refused("ends_on", "終わり：始まりより前です。どちらかの日付を直してください。")]
    if kind == Kind.COMPLETIONS and values.get("valid_until") and values["valid_until"] < values["completed_on"]:
        return [line.refused("valid_until", "有効期限：修了日より前です。どちらかの日付を直してください。")]
    if kind == Kind.COURSES and len(values["code"]) > 30:
        return [line.refused("code", f"科目番号：30文字までです。今は{len(values['code'])}文字です。")]
    return []


def key_of(kind: str, source: str, values: Mapping[str, Any]) -> str:
    """The key that identifies the row: for a row of our own export its id, else source and external id, else a hash of
    source, person, course or path, and day. At most 120 characters."""
    external = str(values.get("external_id") or "")
    if external.startswith(OWN):
        return external
    if kind == Kind.COURSES:
        return one_width(values["code"])
    if external:
        return f"{source}:{external}"
    if kind == Kind.RECORDS:
        parts = [one_width(values.get("course_code") or "") or values.get("course_title"), values["starts_on"]]
    else:
        parts = [values["path"], values["completed_on"]]
    joined = "\x1f".join([source, str(values["staff_no"]), *(str(part) for part in parts)])
    return f"{source}:#{blake2b(joined.encode(), digest_size=16).hexdigest()}"


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON. A row that waits for its person is read back from it (`from_plain`)."""
    return {
        name: value.isoformat() if isinstance(value, date) else None if value is None else defused(str(value))
        for name, value in values.items()
    }


def from_plain(kind: str, data: Mapping[str, Any]) -> Line:
    """The line that `plain` kept. Raises CellError where a choice is no longer one."""
    readers = {known.name: known.read for known in FIELDS[kind]}
    return Line(0, {name: readers[name](value) for name, value in data.items() if name in readers})
