"""Reads Excel workbooks (.xlsx) as tables. A workbook is first checked, and then read row by row.

The directory of the archive contains the unpacked sizes, so they are checked before anything is unpacked. Python's
zipfile never reads more than these sizes. Cells with formulas or errors are refused. A note names the merged cells.
Workbooks with a password, the old .xls format, and other archives with the name .xlsx raise UnreadableFileError.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from imports.report import Refusal, UnreadableFileError
from imports.table import MAX_COLUMNS, SAVE_AGAIN, Row, Table, letter

MAX_UNPACKED = 300 * 1024 * 1024
#: The limit for the parts that are read into memory as a whole: the table of shared texts, and the styles.
MAX_IN_MEMORY = 64 * 1024 * 1024
MAX_PARTS = 2_000
#: The last row that an Excel sheet can have. After a false row number beyond it, openpyxl would yield empty rows for a
#: long time.
LAST_ROW = 1_048_576
PIECE = 256 * 1024
ENCRYPTED_MARK = "EncryptedPackage".encode("utf-16-le")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*ref="([A-Z0-9:]{1,20})"')
_ROW = re.compile(rb"<(?:\w+:)?row[\s>]")
BROKEN = (zipfile.BadZipFile, zlib.error, ParseError, DefusedXmlException, InvalidFileException, EOFError)
#: The errors that openpyxl raises for a file that is not a workbook. These errors have no common base class.
OPENPYXL_ERRORS = (KeyError, ValueError, TypeError, IndexError, AttributeError, OSError, AssertionError)
NOT_A_WORKBOOK = f"名前は .xlsx でも、Excelのブックではありません。{SAVE_AGAIN}"


def table(path: Path, *, encrypted_or_old: bool) -> Table:
    if encrypted_or_old:
        raise UnreadableFileError(_ole_message(path))
    try:
        with zipfile.ZipFile(path) as archive:
            _inspect(archive)
        return _open_first_sheet(path)
    except UnreadableFileError:
        raise
    except NotImplementedError as error:
        raise UnreadableFileError(f"この圧縮の方法は読めません。{SAVE_AGAIN}") from error
    except (*BROKEN, *OPENPYXL_ERRORS) as error:
        raise UnreadableFileError(f"Excelのブックとして読めません（壊れています）。{SAVE_AGAIN}") from error


def _ole_message(path: Path) -> str:
    with path.open("rb") as file:
        if ENCRYPTED_MARK in file.read(1024 * 1024):
            return "パスワードがかかっています。パスワードを外して保存し直してから、もう一度送ってください。"
    return f"古い形式のExcel（.xls）か、ほかのソフトのファイルです。{SAVE_AGAIN}"


def _inspect(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableFileError(
            "パスワードがかかっています。パスワードを外して保存し直してから、もう一度送ってください。"
        )
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/workbook") for name in names):
        raise UnreadableFileError(NOT_A_WORKBOOK)
    in_memory = [p.file_size for p in parts if not p.filename.startswith(("xl/worksheets/", "xl/media/"))]
    if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED or sum(in_memory) > MAX_IN_MEMORY:
        raise UnreadableFileError(
            f"開くと大きくなりすぎるファイルです（{MAX_UNPACKED // 1024**2}MBまで）。"
            "値だけを新しいブックに写すか、行を分けて、保存し直してください。"
        )


def _open_first_sheet(path: Path) -> Table:
    # The file is given as a file object. If a path was given, openpyxl would check the ending of the name, and our
    # stored files have none.
    book = load_workbook(path.open("rb"), read_only=True, data_only=False, keep_links=False)
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not sheets:
        raise UnreadableFileError("見えるシートがありません。表のあるシートを表示して、保存し直してください。")
    sheet: Any = sheets[0]
    merged, rows = _merged_and_row_count(sheet)
    notes = []
    if len(sheets) > 1:
        notes.append(f"はじめのシート「{sheet.title}」だけを読みました。")
    if merged:
        shown = "、".join(merged[:5]) + (" など" if len(merged) > 5 else "")
        notes.append(
            f"結合したセルがあります（{shown}）。左上のほかは空として読みます。結合を解いて、全部の行に値を入れてください。"
        )
    reached = [0]
    return Table(size=max(rows, 1), rows=_rows(sheet, reached), at=lambda: reached[0], notes=notes)


def _merged_and_row_count(sheet: Any) -> tuple[list[str], int]:
    """Returns the merged ranges and the number of rows, in one pass.

    The ranges are read here, because openpyxl does not report them when it reads row by row.
    """
    merged: list[str] = []
    rows, overlap = 0, b""
    with sheet._get_source() as source:
        while piece := source.read(PIECE):
            # The pieces overlap, so that no tag is cut into two parts. Tags within the overlap are not counted twice.
            window = overlap + piece
            rows += sum(match.end() > len(overlap) for match in _ROW.finditer(window))
            merged += [m[1].decode() for m in _MERGED.finditer(window) if m.end() > len(overlap)]
            overlap = window[-200:]
    return merged, rows


def _rows(sheet: Any, reached: list[int]) -> Iterator[Row]:
    sheet.reset_dimensions()  # the size in the file may be wrong
    try:
        for number, cells in enumerate(sheet.iter_rows(), 1):
            if number > LAST_ROW:
                raise UnreadableFileError(f"行の番号がおかしなブックです。{SAVE_AGAIN}")
            if not cells:
                continue
            reached[0] += 1
            if row := _row(number, cells):
                yield row
    except UnreadableFileError:
        raise
    except (*BROKEN, *OPENPYXL_ERRORS) as error:  # the batches that were imported before this row are kept
        raise UnreadableFileError(f"途中から読めません（壊れています）。{SAVE_AGAIN}") from error


def _row(number: int, cells: tuple[Any, ...]) -> Row | None:
    values: list[Any] = []
    refused: list[Refusal] = []
    for column, cell in enumerate(cells):
        value, kind = cell.value, cell.data_type
        if kind == "f":
            refused.append(Refusal(number, letter(column), "数式です。値として貼り付け直してください。"))
            value = None
        elif kind == "e":
            refused.append(Refusal(number, letter(column), f"エラーの値（{str(value)[:20]}）です。直してください。"))
            value = None
        values.append(value)
    while values and values[-1] in (None, ""):
        values.pop()
    if len(values) > MAX_COLUMNS:
        raise UnreadableFileError(
            f"列が多すぎます（{len(values):,}列。{MAX_COLUMNS}列まで）。要らない列を消して、保存し直してください。"
        )
    return Row(number, tuple(values), tuple(refused)) if values or refused else None
