"""The groups and steps of a path, prepared for one reader and for templates/learning/outline.html."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb.models import Item
from learning.models import Step
from learning.paths.labels import ICONS, UNNAMED, minutes_words, target_words
from learning.paths.structure import Outline


def group_rows(shape: Outline, readable_items: Mapping[int, Item | None]) -> list[dict[str, Any]]:
    """The groups with their steps. `readable_items` has the item of each reading step that the reader may open."""
    return [
        {
            "row": group.row,
            "number": n,
            "rule": group.row.rule_words(len(group.steps)),
            "is_any": group.row.rule == group.row.Rule.ANY,
            "steps": [step_row(step, readable_items) for step in group.steps],
        }
        for n, group in enumerate(shape.groups, 1)
    ]


def step_row(step: Step, readable_items: Mapping[int, Item | None]) -> dict[str, Any]:
    """One step for this reader. If they may not open its item, title, reason and task are hidden: these name it (I16)."""
    hidden = step.item_id is not None and readable_items.get(step.pk) is None
    return {
        "step": step,
        "title": UNNAMED if hidden else step.title,
        "why": "" if hidden else step.why,
        "task": "" if hidden else step.task,
        "icon": ICONS[step.type],
        "minutes": minutes_words(step.minutes),
        "target": target_words(step),
        "item": readable_items.get(step.pk),
        "hidden": hidden,
    }
