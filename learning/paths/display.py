"""Groups and steps of a path as templates/learning/outline.html shows them to one reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb.models import Item
from learning.models import Step
from learning.paths.labels import ICONS, UNNAMED, minutes_words, target_words
from learning.paths.structure import Outline


def groups_of(shape: Outline, seen: Mapping[int, Item | None]) -> list[dict[str, Any]]:
    """The groups with their steps. `seen` holds the item of each reading step that the reader may open."""
    return [
        {
            "row": group.row,
            "number": n,
            "rule": group.row.rule_words(len(group.steps)),
            "is_any": group.row.rule == group.row.Rule.ANY,
            "steps": [step_line(step, seen) for step in group.steps],
        }
        for n, group in enumerate(shape.groups, 1)
    ]


def step_line(step: Step, seen: Mapping[int, Item | None]) -> dict[str, Any]:
    """A step for this reader; the words around a reading that is closed to them would name it (I16)."""
    hidden = step.item_id is not None and seen.get(step.pk) is None
    return {
        "step": step,
        "title": UNNAMED if hidden else step.title,
        "why": "" if hidden else step.why,
        "task": "" if hidden else step.task,
        "icon": ICONS[step.type],
        "minutes": minutes_words(step.minutes),
        "target": target_words(step),
        "item": seen.get(step.pk),
        "hidden": hidden,
    }
