"""Reads one row of a table into the values of one kind, or returns the refusals of its cells.

Nothing here queries the database: ``learning.imports.loaders`` resolves staff numbers and codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import Any

from imports.cells import CellError
from imports.downloads import defused
from imports.report import Refusal
from imports.table import Row, letter
from learning.imports.fields import EXAMPLE, FIELDS, one_width
from learning.models import Kind

#: The prefix of external ids in our own exports. Such an id identifies a row of this database for every source.
OWN_PREFIX = "manabi:"


@dataclass(frozen=True)
class ImportLine:
    """A row that could be read. `values` has the fields with a column in the file; an empty cell is None or ""."""

    number: int
    values: Mapping[str, Any]
    #: By field: the letter of its column, for refusals.
    columns: Mapping[str, str] = field(default_factory=dict)

    def refused(self, name: str, reason: str) -> Refusal:
        return Refusal(self.number, self.columns.get(name, ""), reason)


@dataclass(frozen=True)
class WaitingLine:
    """A line whose person is unknown, with the reason."""

    key: str
    line: ImportLine
    reason: str


@dataclass(frozen=True)
class RowReader:
    """Reads rows of one file; `mapping` has the field of each heading."""

    kind: str
    header: Sequence[str]
    mapping: Mapping[str, str]

    def read(self, row: Row) -> ImportLine | list[Refusal] | None:
        """The row as a line, or all its refusals. None for the example row of a template."""
        if any(isinstance(cell, str) and cell.startswith(EXAMPLE) for cell in row.cells):
            return None
        positions = {self.mapping.get(heading, ""): n for n, heading in enumerate(self.header) if heading}
        used = {letter(n) for name, n in positions.items() if name}
        refusals = [refusal for refusal in row.refused if not refusal.column or refusal.column in used]
        values: dict[str, Any] = {}
        columns: dict[str, str] = {}
        for definition in FIELDS[self.kind]:
            position = positions.get(definition.name)
            if position is None:
                continue
            columns[definition.name] = column = letter(position)
            try:
                value = definition.read(row.cells[position] if position < len(row.cells) else None)
            except CellError as error:
                refusals.append(Refusal(row.number, column, f"{definition.label}：{error}"))
                continue
            if (
                definition.required
                and value in ("", None)
                and not any(refusal.column == column for refusal in refusals)
            ):
                refusals.append(Refusal(row.number, column, f"{definition.label}：空です。入れてください。"))
            values[definition.name] = value
        line = ImportLine(row.number, values, columns)
        return refusals or _contradictions(self.kind, line) or line


def _contradictions(kind: str, line: ImportLine) -> list[Refusal]:
    """The refusals for cells that are missing together or contradict each other."""
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
    """The key that identifies the row, of at most 120 characters.

    For a row of our own export it is the external id; for a course, its code. Otherwise it is the source with the external
    id or, without one, with a hash of staff number, course or path, and day.
    """
    external = str(values.get("external_id") or "")
    if external.startswith(OWN_PREFIX):
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


def to_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON, to store a waiting row. `from_json` reads them back."""
    return {
        name: value.isoformat() if isinstance(value, date) else None if value is None else defused(str(value))
        for name, value in values.items()
    }


def from_json(kind: str, data: Mapping[str, Any]) -> ImportLine:
    """The line that `to_json` stored. Raises CellError if a stored choice no longer exists."""
    readers = {field.name: field.read for field in FIELDS[kind]}
    return ImportLine(0, {name: readers[name](value) for name, value in data.items() if name in readers})
