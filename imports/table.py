"""The table that the readers return: headings, rows with their numbers and cells, and the position of the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from imports.report import Refusal

MAX_BYTES = 100 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 100
#: The headings must be in this many first rows. The headings need not be in the first row, because a title or notes may
#: be above them.
HEADER_WITHIN = 20
SAVE_AGAIN = "表計算ソフトで開き、「Excelブック（.xlsx）」か「CSV UTF-8」で保存し直してください。"
TOO_LARGE = f"ファイルが大きすぎます（{MAX_BYTES // 1024**2}MBまで）。年度などで分けて、もう一度送ってください。"


@dataclass(frozen=True)
class Row:
    """The cells as they are in the file, and the refusals that are already known: formulas, errors, lines that are
    too long."""

    number: int
    cells: tuple[Any, ...]
    refused: tuple[Refusal, ...] = ()


@dataclass
class Table:
    """A table. `rows` can be iterated only once.

    `position` of `size` has been read. Both are bytes for a CSV file, and rows for a workbook.
    """

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
    """Returns the letters of a column: A, B, … AA. The first column is number 0."""
    letters, remaining = "", column + 1
    while remaining:
        remaining, digit = divmod(remaining - 1, 26)
        letters = chr(65 + digit) + letters
    return letters
