"""A spreadsheet or CSV file as one table, read once from front to back; only the first sheet of a workbook.

The format is told by the file's first bytes; a name that says workbook on a file that is none is refused. A file
that is not what it should be as a whole raises UnreadableFileError with one Japanese sentence that says what to do.
Never holds more than a row, whatever the file unpacks to. What the cells say is judged in ``imports.cells``.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path

from imports import csv_files, xlsx
from imports.report import UnreadableFileError
from imports.table import HEADER_WITHIN, MAX_BYTES, MAX_ROWS, SAVE_AGAIN, TOO_LARGE, Row, Table

WORKBOOKS = (".xlsx", ".xlsm", ".xls")
ZIP, OLE, GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b"


def opened(path: Path, *, is_heading: Callable[[str], bool], called: str = "") -> Table:
    """The table with its headings: the first row that names two known ones, else the first row with anything in it.

    `called` is the name that its sender gave it, where it is stored under another.
    """
    table = _table(path, called or path.name)
    seen: list[Row] = []
    best: Row | None = None
    for row in table.rows:
        seen.append(row)
        known = sum(is_heading(str(cell)) for cell in row.cells if cell not in (None, ""))
        if known >= 2:
            best = row
            break
        if len(seen) >= HEADER_WITHIN:
            break
    if not seen:
        raise UnreadableFileError("ファイルに何も書かれていません。見出しの行と、その下の行を確かめてください。")
    if best is None and all(sum(cell not in (None, "") for cell in row.cells) < 2 for row in seen):
        # Nothing that is imported fits into one column: a letter or a list of names, whatever the file is called.
        raise UnreadableFileError(f"見出しのある表ではありません（列が一つしかありません）。{SAVE_AGAIN}")
    best = best or seen[0]
    table.header, table.header_row = headings(best), best.number
    later = [row for row in seen if row.number > best.number]
    table.rows = _counted(later, table.rows)
    return table


def headings(row: Row) -> tuple[str, ...]:
    """The headings as one line each, different from each other; "" where there is none."""
    names: list[str] = []
    for cell in row.cells:
        name = "" if cell is None else " ".join(str(cell).split()).replace("\x00", "")[:80]
        same = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({same + 1})" if name and same else name)
    return tuple(names)


def _counted(first: list[Row], rest: Iterator[Row]) -> Iterator[Row]:
    for count, row in enumerate((row for part in (first, rest) for row in part), 1):
        if count > MAX_ROWS:
            raise UnreadableFileError(f"行が多すぎます（{MAX_ROWS:,}行まで）。ファイルを分けて送ってください。")
        yield row


def _table(path: Path, called: str) -> Table:
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
    if called.lower().endswith(WORKBOOKS):
        raise UnreadableFileError(
            f"名前は「{called[-40:]}」ですが、中身はExcelのブックではありません。CSVなら、名前の終わりを .csv にして"
            f"送ってください。そうでなければ、{SAVE_AGAIN}"
        )
    return csv_files.table(path, size)
