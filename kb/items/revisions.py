"""The difference between two revisions, field by field and line by line.

It shows content only. Revisions name no person, and they do not hold what the row decides, such as audience and state
(ItemType.ROW_FIELDS).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from kb.models import Item
from kb.models.items.item import NOT_CONTENT


@dataclass(frozen=True)
class DiffLine:
    """One line of a difference: `kind` is "same", "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True)
class FieldChange:
    """One field that differs, with its Japanese label and its lines."""

    name: str
    label: str
    lines: tuple[DiffLine, ...]


def texts_of(item: Item) -> dict[str, str]:
    """The content of an item, or of the object of a revision, as text by field name."""
    return {name: as_text(value) for name, value in item.history_texts().items()}


def changes(old: dict[str, str], new: dict[str, str], *, model: type[Item], format: str = "") -> list[FieldChange]:
    """The fields that differ between two contents (`texts_of`), in the order of the form."""
    names = [*new, *(name for name in old if name not in new)]
    fields = []
    for name in names:
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            fields.append(FieldChange(name, model.field_label(name, format), diff_lines(before, after)))
    return fields


def diff_lines(before: str, after: str) -> tuple[DiffLine, ...]:
    """The difference of two texts, line by line. A changed line is one removed and one added line."""
    kinds = {"  ": "same", "- ": "removed", "+ ": "added"}
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return tuple(DiffLine(kinds[line[:2]], line[2:]) for line in lines if line[:2] in kinds)


def typed_texts(data: dict[str, Any]) -> dict[str, str]:
    """The data of a draft in the shape of `texts_of`, for the page that shows an edit conflict."""
    return {k: as_text(v) for k, v in data.items() if k not in NOT_CONTENT and not k.startswith("source_")}


def as_text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(str(part) for part in value)
    return "" if value is None else str(value)
