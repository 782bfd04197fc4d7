"""Rows that leave a page of learning as CSV or xlsx: streamed, readable in Excel, no cell a formula.

It refuses to know what is in the rows: the view that hands them over has asked who may see them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from openpyxl import Workbook

from kb.admin.spreadsheets import BOM, defused

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = ("xlsx", "csv")


def as_file(form: str, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """An answer that is saved as `name`.xlsx or `name`.csv; `name` is ASCII."""
    safe = ([defused(cell) for cell in row] for row in rows)
    if form == "csv":
        answer: HttpResponseBase = StreamingHttpResponse(_csv(header, safe), content_type="text/csv; charset=utf-8")
    else:
        answer = HttpResponse(_xlsx(header, safe), content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    yield BOM
    yield _line(writer, line, header)
    for row in rows:
        yield _line(writer, line, row)


def _line(writer: Any, line: io.StringIO, row: Sequence[Any]) -> bytes:
    line.seek(0)
    line.truncate()
    writer.writerow(row)
    return line.getvalue().encode()


def _xlsx(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("一覧")
    sheet.append(list(header))
    for row in rows:
        sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
