"""What an import says of itself: counts, examples, refusals and notes; and the two errors that end one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


class UnreadableFileError(Exception):
    """The file as a whole cannot be read; the message is Japanese and says what to do."""


class ImportRefusedError(Exception):
    """The import as a whole cannot begin or go on; the message is Japanese and says what to do."""


@dataclass(frozen=True)
class Refusal:
    """A cell that cannot be taken in, and why; the whole row where `column` (a letter: A, B, … AA) is empty."""

    row: int
    column: str
    reason: str


@dataclass
class Report:
    """How far an import is and what it found, counted in rows. A dry run says what would happen.

    Stored as JSON in the upload's row. Each kind of import adds counts of its own.
    """

    #: At most so many refusals and titles are kept; a command prints every refusal as it comes.
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
        """Count one refused row and keep what is wrong with its cells."""
        self.refused += 1
        self.refusals += refusals[: max(0, self.MAX_REFUSALS - len(self.refusals))]

    def add(self, *, new: Sequence[T], changed: Sequence[T], unchanged: int, title: Callable[[T], str]) -> None:
        """Count one batch. `title` is asked of the first rows alone: it may need a query."""
        self.new += len(new)
        self.changed += len(changed)
        self.unchanged += unchanged
        self.new_titles += map(title, new[: max(0, self.MAX_TITLES - len(self.new_titles))])
        self.changed_titles += map(title, changed[: max(0, self.MAX_TITLES - len(self.changed_titles))])

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
