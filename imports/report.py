"""The report of an import (counts, examples, refusals, notes), and the two errors that stop an import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


class UnreadableFileError(Exception):
    """The whole file cannot be read. The message is Japanese and tells the user what to do."""


class ImportRefusedError(Exception):
    """The import cannot begin or continue. The message is Japanese and tells the user what to do."""


@dataclass(frozen=True)
class Refusal:
    """A cell that cannot be imported, and the reason. `column` is a letter (A, B, … AA). `column` is empty if the
    whole row is refused."""

    row: int
    column: str
    reason: str


@dataclass
class Report:
    """The result of an import so far, counted in rows. A dry run counts what would happen.

    The report is stored as JSON in the upload's row. Each kind of import adds its own counts.
    """

    #: The report contains at most this many refusals and titles. A command prints every refusal.
    MAX_REFUSALS: ClassVar[int] = 500
    MAX_TITLES: ClassVar[int] = 5

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    new_titles: list[str] = field(default_factory=list)
    changed_titles: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return self.new + self.changed + self.unchanged

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Counts one refused row. Stores its refusals as long as there are fewer than MAX_REFUSALS."""
        self.refused += 1
        self.refusals += refusals[: max(0, self.MAX_REFUSALS - len(self.refusals))]

    def add(self, *, new: Sequence[T], changed: Sequence[T], unchanged: int, title: Callable[[T], str]) -> None:
        """Counts one batch. `title` is called only for the first MAX_TITLES rows, because it may need a query."""
        self.new += len(new)
        self.changed += len(changed)
        self.unchanged += unchanged
        self.new_titles += map(title, new[: max(0, self.MAX_TITLES - len(self.new_titles))])
        self.changed_titles += map(title, changed[: max(0, self.MAX_TITLES - len(self.changed_titles))])

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
