"""The difference between two revisions, field by field and line by line.

Only content is compared. Revisions name no person. They also do not contain the columns that are always taken from the
row, such as audience and state (ItemType.ROW_FIELDS).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from kb.models import Item
from kb.models.items.item import NOT_CONTENT


@dataclass(frozen=True)
class DiffLine:
    """One line of a difference. `kind` is "same", "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True)
class FieldChange:
    """One field that differs between the two revisions, with its Japanese label and its lines."""

    name: str
    label: str
    lines: tuple[DiffLine, ...]


def texts_of(item: Item) -> dict[str, str]:
    """Returns the content of an item as text by field name. The item may come from the database or from a revision."""
    return {name: as_text(value) for name, value in item.history_texts().items()}


def changes(old: dict[str, str], new: dict[str, str], *, model: type[Item], format: str = "") -> list[FieldChange]:
    """Returns the fields that differ between two contents, in the order of the form. Each content comes from
    `texts_of`.
    """
    names = [*new, *(name for name in old if name not in new)]
    fields = []
    for name in names:
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            fields.append(FieldChange(name, model.field_label(name, format), diff_lines(before, after)))
    return fields


def diff_lines(before: str, after: str) -> tuple[DiffLine, ...]:
    """Returns the difference between two texts, line by line. A changed line becomes one removed and one added line."""
    kinds = {"  ": "same", "- ": "removed", "+ ": "added"}
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return tuple(DiffLine(kinds[line[:2]], line[2:]) for line in lines if line[:2] in kinds)


def typed_texts(data: dict[str, Any]) -> dict[str, str]:
    """Returns the data of a draft in the form of `texts_of`. The page that shows an edit conflict needs it."""
    return {k: as_text(v) for k, v in data.items() if k not in NOT_CONTENT and not k.startswith("source_")}


def as_text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(str(part) for part in value)
    return "" if value is None else str(value)
