"""What changed between two revisions, as people read it: field by field, line by line.

It shows content only. Revisions name no person, and what the row decides (audience, state …) is not
part of them (kb.models.item, ROW_FIELDS).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from kb.formats.loading import get_format
from kb.models import Article, Item
from kb.writing.drafts import as_typed

#: Not content: how it is shown or who may read it.
HIDDEN = ("audience", "blameless_ok", "themes", "scenes", "stances", "municipalities")


@dataclass(frozen=True)
class Line:
    """One line of a difference: `kind` is "same", "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True)
class FieldChange:
    """One field that differs, with its Japanese label and its lines."""

    name: str
    label: str
    lines: tuple[Line, ...]


def texts_of(item: Item) -> dict[str, str]:
    """The content of an item (or of a revision as an object) as text by field name."""
    if isinstance(item, Article):
        return {"title": item.title, "summary": item.summary, "body": "\n".join(item.body_texts())}
    # A type of another room has no form here: its long texts are added by name.
    content = as_typed(item) if item.IS_DRAFTED else {**as_typed(item), **item.markdown_texts()}
    return {name: _as_text(value) for name, value in content.items() if name not in HIDDEN}


def changes(old: dict[str, str], new: dict[str, str], *, model: type[Item], format: str = "") -> list[FieldChange]:
    """The fields in which two contents differ, in the order of the form."""
    names = [*new, *(name for name in old if name not in new)]
    found = []
    for name in names:
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            found.append(FieldChange(name, label_of(name, model=model, format=format), diff_lines(before, after)))
    return found


def diff_lines(before: str, after: str) -> tuple[Line, ...]:
    """The difference of two texts, line by line; a changed line is a removal and an addition."""
    kinds = {"  ": "same", "- ": "removed", "+ ": "added"}
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return tuple(Line(kinds[line[:2]], line[2:]) for line in lines if line[:2] in kinds)


def label_of(name: str, *, model: type[Item], format: str = "") -> str:
    """The Japanese name of a field as the form shows it."""
    if name.startswith("answer-"):
        chosen = get_format(format)
        key = name.removeprefix("answer-").rstrip("0123456789").rstrip("-")
        section = (chosen.section(name.removeprefix("answer-")) or chosen.section(key)) if chosen else None
        return section.label if section else "答え"
    if name.startswith("fact-"):
        chosen = get_format(format)
        fact = next((f for f in chosen.facts if name.startswith(f"fact-{f.key}")), None) if chosen else None
        return fact.label if fact else "事実"
    extra = {
        "next_action": "次の行動",
        "next_action_due": "次の行動の期限",
        "external": "出どころ",
        "challenge": "挑戦",
        "title": "件名",
        "body": "本文",
    }
    if name in extra:
        return extra[name]
    return str(model._meta.get_field(name).verbose_name)


def typed_texts(data: dict[str, Any]) -> dict[str, str]:
    """A draft's data in the same shape as `texts_of`, for the screen of an edit conflict."""
    return {k: _as_text(v) for k, v in data.items() if k not in HIDDEN and not k.startswith("source_")}


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(str(part) for part in value)
    return "" if value is None else str(value)
