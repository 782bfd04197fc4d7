"""The rows of the manager's page as CSV or xlsx: names, paths, states and dates, safe in a spreadsheet program.

It refuses to know who may see what: its rows were asked for through ``learning.team.matrix``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from openpyxl import Workbook

from kb.admin.spreadsheets import BOM, defused
from learning.models import STANDINGS, Assignment
from learning.team import matrix

HEADER = (
    "職員番号",
    "氏名",
    "所属",
    "職",
    "休職・育休",
    "学習パス",
    "状態",
    "開始",
    "期限",
    "すませた数",
    "要る数",
    "完了日",
    "有効期限",
    "経緯",
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BATCH = 500


def lines(rows: Sequence[Assignment], titles: matrix.Titles) -> list[list[Any]]:
    """The header and one line an assignment."""
    made: list[list[Any]] = [list(HEADER)]
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        where = matrix.places([row.person for row in batch])
        for row in batch:
            place = where.get(row.person_id, matrix.Place())
            made.append(
                [
                    row.person.staff_no, row.person.name, place.unit, place.title, place.leave, titles.of(row.path_id),
                    STANDINGS[row.standing()], row.start_on, row.due_on, row.steps_done, row.steps_needed,
                    row.completed_on, row.valid_until, row.get_source_display(),
                ]
            )  # fmt: skip
    return [[defused(cell) for cell in line] for line in made]


def answer(rows: Sequence[Sequence[Any]], *, kind: str, name: str) -> HttpResponse:
    """The rows as a file to download."""
    if kind == "xlsx":
        book = Workbook(write_only=True)
        sheet = book.create_sheet("割当")
        for row in rows:
            sheet.append(list(row))
        held = io.BytesIO()
        book.save(held)
        body, content_type = held.getvalue(), XLSX
    else:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        body, content_type = BOM + text.getvalue().encode(), "text/csv; charset=utf-8"
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
