"""Writes every table that leaves the product as CSV or XLSX. Excel can read the files, and no cell is a formula.

A cell that begins like a formula gets an apostrophe in front, and a cell that already has such an apostrophe gets another
one. ``imports.cells`` removes one and so restores the value. The caller must have checked who may see the rows.
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

#: The characters that spreadsheet programs take for the beginning of a formula, full-width forms included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
BOM = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as Shift_JIS
#: Characters that the format of Excel cannot hold; nobody sees them.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
FORMATS = ("xlsx", "csv")
ROWS_A_CHUNK = 500

Rows = Iterable[Sequence[Any]]


def without_controls(value: Any) -> Any:
    """The value; if it is a text, without the control characters that a spreadsheet cannot hold."""
    return CONTROL.sub("", value) if isinstance(value, str) else value


def defused(value: Any) -> Any:
    """The value; if it is a text that begins like a formula, with an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.lstrip("'").startswith(FORMULA) else value


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook. With `widths` (in characters) its header is bold and does not scroll."""

    title: str
    header: Sequence[str]
    rows: Rows
    widths: Sequence[int] = ()


def as_file(form: str, name: str, sheet: Sheet) -> HttpResponseBase:
    """A download of the sheet's rows, every cell defused, as `name`.xlsx or `name`.csv. `name` is ASCII."""
    rows = ([defused(cell) for cell in row] for row in sheet.rows)
    if form == "csv":
        response: HttpResponseBase = StreamingHttpResponse(csv_lines(sheet.header, rows), content_type=CSV)
    else:
        with workbook(Sheet(sheet.title, sheet.header, rows, sheet.widths)) as file:
            response = HttpResponse(file.read(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def csv_lines(header: Sequence[str], rows: Rows) -> Iterator[bytes]:
    """The bytes of a CSV file, ROWS_A_CHUNK rows at a time."""
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
    """An XLSX file of these sheets; it is deleted when closed."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        _write(book, sheet)
    file = TemporaryFile()  # noqa: SIM115 (the caller closes it)
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
