"""Writes every table that users can download, as CSV or XLSX. Excel can read the files, and no cell is a formula.

If a cell begins like a formula, an apostrophe is put in front of it. If a cell already begins with such an apostrophe,
it gets a second one. ``imports.cells`` removes one apostrophe and so restores the value. The caller must have checked
who may see the rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

#: The characters with which a formula begins in spreadsheet programs. Full-width forms are included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
BOM = b"\xef\xbb\xbf"  # without it, Excel reads UTF-8 as Shift_JIS
#: Characters that an Excel file cannot contain. These characters are invisible.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
FORMATS = ("xlsx", "csv")
ROWS_A_CHUNK = 500

Rows = Iterable[Sequence[Any]]


def without_controls(value: Any) -> Any:
    """Returns the value. If it is a text, the control characters that a spreadsheet cannot contain are removed."""
    return CONTROL.sub("", value) if isinstance(value, str) else value


def defused(value: Any) -> Any:
    """Returns the value. If it is a text that begins like a formula, an apostrophe is put in front of it."""
    return f"'{value}" if isinstance(value, str) and value.lstrip("'").startswith(FORMULA) else value


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook. If `widths` (in characters) are given, the header is bold and stays visible when the
    user scrolls."""

    title: str
    header: Sequence[str]
    rows: Rows
    widths: Sequence[int] = ()


def as_file(form: str, name: str, sheet: Sheet) -> HttpResponseBase:
    """Returns the sheet's rows as a download with the name `name`.xlsx or `name`.csv.

    Every cell is defused. `name` must be ASCII.
    """
    rows = ([defused(cell) for cell in row] for row in sheet.rows)
    if form == "csv":
        response: HttpResponseBase = StreamingHttpResponse(csv_lines(sheet.header, rows), content_type=CSV)
    else:
        with workbook(Sheet(sheet.title, sheet.header, rows, sheet.widths)) as file:
            response = HttpResponse(file.read(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def csv_lines(header: Sequence[str], rows: Rows) -> Iterator[bytes]:
    """Returns the bytes of a CSV file, ROWS_A_CHUNK rows at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield BOM
    writer.writerow(header)
    for count, row in enumerate(rows, 1):
        writer.writerow(row)
        if count % ROWS_A_CHUNK == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _emptied(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", "replace")


def workbook(*sheets: Sheet) -> IO[bytes]:
    """Returns an XLSX file with these sheets. The file is deleted when it is closed."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        _write(book, sheet)
    file = TemporaryFile()  # noqa: SIM115 (the caller closes the file)
    book.save(file)
    file.seek(0)
    return file


def _write(book: Workbook, sheet: Sheet) -> None:
    page = book.create_sheet(sheet.title)
    header: list[Any] = list(sheet.header)
    if sheet.widths:
        page.freeze_panes = "A2"
        for number, width in enumerate(sheet.widths):
            page.column_dimensions[chr(65 + number)].width = width
        header = [_bold(page, label) for label in sheet.header]
    page.append(header)
    for row in sheet.rows:
        page.append(list(row))


def _bold(page: Any, label: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, value=label)
    cell.font, cell.alignment = Font(bold=True), Alignment(vertical="top")
    return cell
