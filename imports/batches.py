"""Returns the rows of a file in batches.

Refused rows are counted, duplicates are refused, and good rows are passed on with their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Generic, TypeVar

from imports.report import Refusal, Report

#: After this many rows, a batch is passed on even if it is small or empty. So progress is reported also while many rows
#: in succession are refused.
REPORT_EVERY = 2_000

Row = TypeVar("Row")


def ignore(*_: object) -> None:
    """A callback that does nothing, for an import without an observer."""


@dataclass(frozen=True)
class Observer:
    """The callbacks of an import. `progress` gets the report, the position and the size. `refusal` gets each
    refusal."""

    progress: Callable[..., None] = ignore
    refusal: Callable[[Refusal], None] = ignore


@dataclass
class Batches(Generic[Row]):
    """The batches of `rows`. The object can be iterated only once.

    `rows` yields a row, a list of refusals instead of a row, or None for a row without data (an example). `key` returns
    the key that identifies a row within the file. `number` returns the row's number in the file. If an earlier row has
    the same key, `duplicate` returns the refusal. The arguments of `duplicate` are the row and the number of the
    earlier row.
    """

    rows: Iterable[Row | list[Refusal] | None]
    key: Callable[[Row], str]
    number: Callable[[Row], int]
    duplicate: Callable[[Row, int], Refusal]
    report: Report
    size: int
    observer: Observer = field(default_factory=Observer)

    def __iter__(self) -> Iterator[list[tuple[str, Row]]]:
        batch: list[tuple[str, Row]] = []
        first_rows = _FirstRows()
        for count, row in enumerate(self.rows, 1):
            if isinstance(row, list):
                self.refuse(row)
            elif row is not None:
                key = self.key(row)
                if first := first_rows.add(key, self.number(row)):
                    self.refuse([self.duplicate(row, first)])
                else:
                    batch.append((key, row))
            if len(batch) >= self.size or count % REPORT_EVERY == 0:
                yield batch
                batch = []
        yield batch

    def refuse(self, refusals: list[Refusal]) -> None:
        """Counts one refused row and tells the observer."""
        self.report.refuse(refusals)
        for refusal in refusals:
            self.observer.refusal(refusal)


class _FirstRows:
    """The number of the first row with each key. Needs 160 bytes of memory per row."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}

    def add(self, key: str, row: int) -> int:
        """Returns the number of an earlier row with this key. Returns 0 if there is none."""
        digest = int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
        first = self.rows.setdefault(digest, row)
        return 0 if first == row else first
