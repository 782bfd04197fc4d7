"""Opens a spreadsheet or CSV file as one table. The table is read once, from front to back.

Of a workbook, only the first sheet is read. The first bytes of the file decide the format. If the name ends like a
workbook but the content is not a workbook, the file is refused. If the whole file is wrong, UnreadableFileError is
raised with a Japanese sentence that tells the user what to do. The memory contains only one row at a time, however
large the unpacked file is. ``imports.cells`` interprets the cells.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from imports import csv_files, xlsx
from imports.report import UnreadableFileError
from imports.table import HEADER_WITHIN, MAX_BYTES, MAX_ROWS, SAVE_AGAIN, TOO_LARGE, Row, Table

WORKBOOKS = (".xlsx", ".xlsm", ".xls")
ZIP, OLE, GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b"


def open_table(path: Path, *, is_heading: Callable[[str], bool], file_name: str = "") -> Table:
    """Returns the table with its headings.

    The headings are the first row with two known headings. If there is no such row, they are the first row that is not
    empty. `file_name` is the sender's name of the file. `file_name` is needed if the file is stored under another name.
    Raises UnreadableFileError.
    """
    table = _table(path, file_name or path.name)
    first_rows: list[Row] = []
    heading: Row | None = None
    for row in table.rows:
        first_rows.append(row)
        known = sum(is_heading(str(cell)) for cell in row.cells if cell not in (None, ""))
        if known >= 2:
            heading = row
            break
        if len(first_rows) >= HEADER_WITHIN:
            break
    if not first_rows:
        raise UnreadableFileError("ファイルに何も書かれていません。見出しの行と、その下の行を確かめてください。")
    if heading is None and all(sum(cell not in (None, "") for cell in row.cells) < 2 for row in first_rows):
        # Every import needs at least two columns. A file with one column is a letter or a list of names.
        raise UnreadableFileError(f"見出しのある表ではありません（列が一つしかありません）。{SAVE_AGAIN}")
    heading = heading or first_rows[0]
    table.header, table.header_row = headings(heading), heading.number
    data_rows = [row for row in first_rows if row.number > heading.number]
    table.rows = _limited(data_rows, table.rows)
    return table


def headings(row: Row) -> tuple[str, ...]:
    """Returns the headings, each on one line. Equal headings get a number. A column without a heading has ""."""
    names: list[str] = []
    for cell in row.cells:
        name = "" if cell is None else " ".join(str(cell).split()).replace("\x00", "")[:80]
        same = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({same + 1})" if name and same else name)
    return tuple(names)


def _limited(first: Iterable[Row], later: Iterable[Row]) -> Iterator[Row]:
    """Returns the rows of `first`, then the rows of `later`. Raises UnreadableFileError if there are more than
    MAX_ROWS."""
    for count, row in enumerate(chain(first, later), 1):
        if count > MAX_ROWS:
            raise UnreadableFileError(f"行が多すぎます（{MAX_ROWS:,}行まで）。ファイルを分けて送ってください。")
        yield row


def _table(path: Path, file_name: str) -> Table:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UnreadableFileError(TOO_LARGE)
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise UnreadableFileError(
            f"ファイルを開けません（{error.strerror or error}）。場所と権限を確かめてください。"
        ) from error
    if not start:
        raise UnreadableFileError("ファイルが空です（0バイト）。保存が終わっているか確かめて、もう一度送ってください。")
    if start.startswith((ZIP, OLE)):
        return xlsx.table(path, encrypted_or_old=start.startswith(OLE))
    if start.startswith(GZIP) or start.startswith(b"%PDF"):
        raise UnreadableFileError(f"表のファイルではありません。{SAVE_AGAIN}")
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise UnreadableFileError(f"文字コードがUTF-16です。{SAVE_AGAIN}")
    if file_name.lower().endswith(WORKBOOKS):
        raise UnreadableFileError(
            f"名前は「{file_name[-40:]}」ですが、中身はExcelのブックではありません。CSVなら、名前の終わりを .csv にして"
            f"送ってください。そうでなければ、{SAVE_AGAIN}"
        )
    return csv_files.table(path, size)
