"""A spreadsheet or CSV file as rows with their numbers, read once from front to back; only the first sheet of a book.

Told apart by its first bytes; a name that says it is a book, on what is none, is refused. A file that is not what it
should be as a whole raises UnreadableTableError with one Japanese sentence that says what to do. It refuses to judge
what the cells say (``learning.imports.cells``) and to hold more than a row, whatever the file unpacks to: books are
``learning.imports.xlsx``.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

MAX_BYTES = 100 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 100
MAX_LINE = 4 * 1024 * 1024
#: Where the headings are looked for, below titles and notes.
HEADER_WITHIN = 20
BOOKS = (".xlsx", ".xlsm", ".xls")
ZIP, OLE, GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b"
SAVE_AGAIN = "表計算ソフトで開き、「Excelブック（.xlsx）」か「CSV UTF-8」で保存し直してください。"
FORMULA_OR_TEXT = "「=」で始まる数式です。値に直してください（文字として取り込むときは、頭に ' を付けます）。"
TOO_LARGE = f"ファイルが大きすぎます（{MAX_BYTES // 1024**2}MBまで）。年度などで分けて、もう一度送ってください。"


class UnreadableTableError(Exception):
    """The file as a whole cannot be read; the message is Japanese and says what to do."""


@dataclass(frozen=True)
class Refused:
    """A cell, or where `column` is empty a row, that cannot be taken, and why."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True)
class Row:
    """Cells as they stand, and what is refused already: formulas, errors, lines that are too long."""

    number: int
    cells: tuple[Any, ...]
    refused: tuple[Refused, ...] = ()


@dataclass
class Table:
    """Iterate `rows` once. `position` of `size` has been read (bytes of a CSV, rows of a book)."""

    size: int
    rows: Iterator[Row]
    at: Callable[[], int]
    notes: list[str] = field(default_factory=list)
    header: tuple[str, ...] = ()
    header_row: int = 0

    @property
    def position(self) -> int:
        return min(self.at(), self.size)


def letter(column: int) -> str:
    """The letters of a column, counted from 0: A, B, … AA."""
    found, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        found = chr(65 + digit) + found
    return found


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
        raise UnreadableTableError("ファイルに何も書かれていません。見出しの行と、その下の行を確かめてください。")
    if best is None and all(sum(cell not in (None, "") for cell in row.cells) < 2 for row in seen):
        # Nothing that is imported fits into one column: a letter or a list of names, whatever the file is called.
        raise UnreadableTableError(f"見出しのある表ではありません（列が一つしかありません）。{SAVE_AGAIN}")
    best = best or seen[0]
    table.header, table.header_row = headings(best), best.number
    later = [row for row in seen if row.number > best.number]
    table.rows = _counted(later, table.rows)
    return table


def headings(row: Row) -> tuple[str, ...]:
    """The headings as one line each, different from each other; "" where there is none."""
    found: list[str] = []
    for cell in row.cells:
        name = "" if cell is None else " ".join(str(cell).split()).replace("\x00", "")[:80]
        same = sum(other == name or other.startswith(f"{name} (") for other in found)
        found.append(f"{name} ({same + 1})" if name and same else name)
    return tuple(found)


def _counted(first: list[Row], rest: Iterator[Row]) -> Iterator[Row]:
    for count, row in enumerate((row for part in (first, rest) for row in part), 1):
        if count > MAX_ROWS:
            raise UnreadableTableError(f"行が多すぎます（{MAX_ROWS:,}行まで）。ファイルを分けて送ってください。")
        yield row


def _table(path: Path, called: str) -> Table:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UnreadableTableError(TOO_LARGE)
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise UnreadableTableError(
            f"ファイルを開けません（{error.strerror or error}）。場所と権限を確かめてください。"
        ) from error
    if not start:
        raise UnreadableTableError(
            "ファイルが空です（0バイト）。保存が終わっているか確かめて、もう一度送ってください。"
        )
    if start.startswith((ZIP, OLE)):
        from learning.imports import xlsx  # it knows this module's words

        return xlsx.table(path, encrypted_or_old=start.startswith(OLE))
    if start.startswith(GZIP) or start.startswith(b"%PDF"):
        raise UnreadableTableError(f"表のファイルではありません。{SAVE_AGAIN}")
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise UnreadableTableError(f"文字コードがUTF-16です。{SAVE_AGAIN}")
    if called.lower().endswith(BOOKS):
        raise UnreadableTableError(
            f"名前は「{called[-40:]}」ですが、中身はExcelのブックではありません。CSVなら、名前の終わりを .csv にして"
            f"送ってください。そうでなければ、{SAVE_AGAIN}"
        )
    return _csv(path, size)


# --- CSV -------------------------------------------------------------------------------------


def _csv(path: Path, size: int) -> Table:
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
    """The file's lines as text; `read` bytes so far. A line beyond MAX_LINE is cut, so that its row is refused."""

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
            yield Row(number, (), (Refused(number, "", reason),))
            continue
        if any(cell.strip() for cell in cells):
            _refuse_width(len(cells) if any(cell.strip() for cell in cells[MAX_COLUMNS:]) else 0)
            yield _csv_row(number, cells)


def _csv_row(number: int, cells: list[str]) -> Row:
    """A CSV cannot say whether a cell is a formula or a text that looks like one: it is asked for, not guessed."""
    formulas = [n for n, cell in enumerate(cells) if cell.startswith("=")]
    for n in formulas:
        cells[n] = ""
    return Row(number, tuple(cells), tuple(Refused(number, letter(n), FORMULA_OR_TEXT) for n in formulas))


def _refuse_width(width: int) -> None:
    if width > MAX_COLUMNS:
        raise UnreadableTableError(
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
    """utf-8 or cp932, whichever reads the whole file with fewer breaks, and how many; refuses what is no text."""
    counts: dict[str, int] = {}
    for name in ("utf-8", "cp932"):
        decoder = codecs.getincrementaldecoder(name)("replace")
        broken = letters = nul = 0
        with path.open("rb") as file:
            while piece := file.read(1024 * 1024):
                found = decoder.decode(piece)
                broken += found.count("\ufffd")
                nul += found.count("\x00")
                letters += len(found)
        counts[name] = broken
        if nul > letters // 10:
            raise UnreadableTableError(f"表のファイルではありません。{SAVE_AGAIN}")
        if not broken:
            return name, 0
    best = min(counts, key=lambda name: counts[name])
    if counts[best] > max(20, letters // 50):
        raise UnreadableTableError(f"文字コードが分かりません（UTF-8でもCP932でもありません）。{SAVE_AGAIN}")
    return best, counts[best]
