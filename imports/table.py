"""A table as its readers give it: headings, rows with their numbers and cells, and how far the file is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from imports.report import Refusal

MAX_BYTES = 100 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 100
#: The headings are looked for in so many rows, below titles and notes.
HEADER_WITHIN = 20
SAVE_AGAIN = "表計算ソフトで開き、「Excelブック（.xlsx）」か「CSV UTF-8」で保存し直してください。"
TOO_LARGE = f"ファイルが大きすぎます（{MAX_BYTES // 1024**2}MBまで）。年度などで分けて、もう一度送ってください。"


@dataclass(frozen=True)
class Row:
    """The cells as they stand, and what is refused already: formulas, errors, over-long lines."""

    number: int
    cells: tuple[Any, ...]
    refused: tuple[Refusal, ...] = ()


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
    letters, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(65 + digit) + letters
    return letters
