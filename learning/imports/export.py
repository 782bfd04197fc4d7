"""Exports courses, records and completions as tables that can be imported again, and makes the templates.

The columns are those of ``learning.imports.fields``, and the external ids identify our own rows, so that an export can be
imported unchanged. A cell that begins like a formula is defused. Self-begun and self-entered rows that are not shared are
not exported, and neither are use plans and answers. The view checks permission.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import IO, Any

from django.db.models import Model, Q, QuerySet

from imports.downloads import Sheet, defused, without_controls, workbook
from learning.imports.fields import EXAMPLE, FIELDS
from learning.imports.loaders import Completions, Records
from learning.models import Assignment, AssignmentState, Kind, Source, TrainingCourse, TrainingRecord

#: A workbook is built completely before it is sent; a CSV is streamed.
MOST_IN_A_BOOK = 50_000
LONGEST_CELL = 32_767  # Excel's
EXPLANATION = "説明"


def rows_of(kind: str, *, year: int | None = None) -> QuerySet[Any]:
    """The rows of a kind that can be exported, of one fiscal year or of all."""
    if kind == Kind.COURSES:
        return TrainingCourse.objects.order_by("code")
    if kind == Kind.RECORDS:
        private = Q(origin=TrainingRecord.Origin.SELF, shared=False)
        records = TrainingRecord.objects.exclude(private).select_related("person", "course")
        return (records.filter(fiscal_year=year) if year else records).order_by("starts_on", "pk")
    done = Assignment.objects.filter(state=AssignmentState.COMPLETED).exclude(source=Source.SELF, shared=False)
    if year:
        done = done.filter(completed_on__range=(date(year, 4, 1), date(year + 1, 3, 31)))
    return done.select_related("person", "path").order_by("completed_on", "pk")


def values(kind: str, row: Model) -> list[Any]:
    """The cells of one row, in the order of the fields of its kind."""
    return [_cell(_value(row, field.name)) for field in FIELDS[kind]]


def _value(row: Any, name: str) -> Any:
    if isinstance(row, TrainingRecord):
        course = row.course
        special: dict[str, Any] = {
            "course_code": course.code if course else "",
            "course_title": row.title,
            "external_id": f"{Records.own}{row.pk}",
        }
    elif isinstance(row, Assignment):
        special = {
            "path": row.path.public_id,
            "path_title": row.path.title,
            "external_id": f"{Completions.own}{row.uid}",
        }
    else:
        special = {}
    if name in special:
        return special[name]
    if name in ("staff_no", "name"):
        return getattr(row.person, name)
    label = getattr(row, f"get_{name}_display", None)
    return label() if label else getattr(row, name)


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value.normalize() if value % 1 else value.quantize(Decimal(1)))
    return defused(str(without_controls(str(value)))[:LONGEST_CELL])


def labels(kind: str) -> list[str]:
    return [field.label for field in FIELDS[kind]]


def example(kind: str) -> list[str]:
    """The example row of the template. No import reads it."""
    cells = [field.example for field in FIELDS[kind]]
    return [f"{EXAMPLE}{cells[0]}", *cells[1:]]


def workbook_of(kind: str, rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """An XLSX file with the rows, and a sheet that explains the columns; it is deleted when closed."""
    names = labels(kind)
    explained = [
        [field.label, "必須" if field.required else "", field.help, field.example, field.name] for field in FIELDS[kind]
    ]
    explained += [[], [f"「{EXAMPLE}」で始まる行は読みません。列の順は自由で、要らない列は消せます。"]]
    return workbook(
        Sheet(str(Kind(kind).label), names, rows, [max(12, 2 * len(label) + 4) for label in names]),
        Sheet(EXPLANATION, ["列の見出し", "要るか", "書き方", "例", "名前"], explained, [20, 8, 60, 24, 18]),
    )
