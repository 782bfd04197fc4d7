"""Reads CSV files as tables, line by line.

The encoding and the delimiter are detected. Lines that are too long and cells with formulas are refused.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from imports.report import Refusal, UnreadableFileError
from imports.table import HEADER_WITHIN, MAX_COLUMNS, SAVE_AGAIN, Row, Table, letter

MAX_LINE = 4 * 1024 * 1024
FORMULA_OR_TEXT = "「=」で始まる数式です。値に直してください（文字として取り込むときは、頭に ' を付けます）。"


def table(path: Path, size: int) -> Table:
    encoding, broken = _encoding(path)
    file = path.open("rb")
    lines = _Lines(file, encoding)
    notes = []
    if encoding == "cp932":
        notes.append("文字コードはCP932（シフトJIS）として読みました。文字化けがないか確かめてください。")
    if broken:
        notes.append(f"文字コードに合わない所が{broken:,}か所あります。その行は取り込みません。")
    return Table(size=size, rows=_csv_rows(lines, _delimiter(path, encoding)), at=lambda: lines.read, notes=notes)


class _Lines:
    """The lines of the file as text. `read` is the number of bytes read. A line is cut at MAX_LINE, so its row is
    refused."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self.file, self.encoding, self.read = file, encoding, 0

    def __iter__(self) -> Iterator[str]:
        with self.file:
            while line := self.file.readline(MAX_LINE):
                self.read += len(line)
                yield line.decode(self.encoding, "replace").removeprefix("\ufeff" if self.read == len(line) else "")


def _csv_rows(lines: _Lines, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(iter(lines), delimiter=delimiter)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            reason = (
                f'セルが長すぎるか、引用符（"）が閉じていません（{csv.field_size_limit():,}文字まで）。直してください。'
            )
            yield Row(number, (), (Refusal(number, "", reason),))
            continue
        if any(cell.strip() for cell in cells):
            _refuse_width(len(cells) if any(cell.strip() for cell in cells[MAX_COLUMNS:]) else 0)
            yield _csv_row(number, cells)


def _csv_row(number: int, cells: list[str]) -> Row:
    """Returns the row. A cell that begins with = is refused, because a CSV does not tell whether it is a formula or
    a text."""
    formulas = [n for n, cell in enumerate(cells) if cell.startswith("=")]
    for n in formulas:
        cells[n] = ""
    return Row(number, tuple(cells), tuple(Refusal(number, letter(n), FORMULA_OR_TEXT) for n in formulas))


def _refuse_width(width: int) -> None:
    if width > MAX_COLUMNS:
        raise UnreadableFileError(
            f"列が多すぎます（{width:,}列。{MAX_COLUMNS}列まで）。要らない列を消して、保存し直してください。"
        )


def _delimiter(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        for _ in range(HEADER_WITHIN):
            line = file.readline(MAX_LINE).decode(encoding, "replace")
            if "\t" in line or "," in line:
                return "\t" if line.count("\t") > line.count(",") else ","
    return ","


def _encoding(path: Path) -> tuple[str, int]:
    """Returns the encoding of the file (utf-8 or cp932), and the number of characters that it cannot decode.

    The encoding with fewer errors in the whole file is chosen. Raises UnreadableFileError for a file that is not text
    in either encoding.
    """
    counts: dict[str, int] = {}
    for name in ("utf-8", "cp932"):
        decoder = codecs.getincrementaldecoder(name)("replace")
        broken = letters = nul = 0
        with path.open("rb") as file:
            while piece := file.read(1024 * 1024):
                decoded = decoder.decode(piece)
                broken += decoded.count("\ufffd")
                nul += decoded.count("\x00")
                letters += len(decoded)
        counts[name] = broken
        if nul > letters // 10:
            raise UnreadableFileError(f"表のファイルではありません。{SAVE_AGAIN}")
        if not broken:
            return name, 0
    best = min(counts, key=lambda name: counts[name])
    if counts[best] > max(20, letters // 50):
        raise UnreadableFileError(f"文字コードが分かりません（UTF-8でもCP932でもありません）。{SAVE_AGAIN}")
    return best, counts[best]
