"""The page of a learning path at its permalink: what it teaches, its steps, and how to begin."""

from __future__ import annotations

from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest

from learning import builders, managing
from learning.assigning import open_assignment
from learning.models import LearningPath, Stage, Step
from learning.outline import Outline, outline
from learning.reading import readable
from learning.wording import ICONS, minutes_words, target_words, validity_words


def shown(request: HttpRequest, path: LearningPath) -> dict[str, Any]:
    """What the path's template shows besides the frame of an item, trimmed to this reader."""
    version = path.current_version()
    person = getattr(request.user, "person", None)
    mine = open_assignment(person, path) if person else None
    if mine is not None:
        version = mine.version  # an open assignment stays on its own version, and so does what its learner reads here
    shape = outline(version) if version else None
    active = path.stage == Stage.ACTIVE
    manages = managing.is_manager(request.user) or managing.is_office(request.user)
    return {
        "version": version,
        "groups": groups_of(shape, request.user) if shape else [],
        "minutes": minutes_words(shape.minutes) if shape else "",
        "step_count": len(shape.steps) if shape else 0,
        "validity": validity_words(version) if version else "",
        "mine": mine,
        "may_enrol": active and person is not None and mine is None,
        "may_assign": active and manages,
        "may_copy": version is not None and builders.may_begin(request.user),
        **family(request.user, path),
    }


def family(user: Any, path: LearningPath) -> dict[str, Any]:
    """The path that this one was copied from, and its copies; only those that `user` may open are named."""
    seen = LearningPath.objects.visible_to(user)
    origin = seen.filter(pk=path.copied_from_id).first() if path.copied_from_id else None
    return {
        "origin": origin,
        "origin_hidden": origin is None and path.copied_from_id is not None,
        "copies": list(seen.filter(copied_from=path).order_by("title", "pk")[:20]),
    }


def groups_of(shape: Outline, user: Any) -> list[dict[str, Any]]:
    """Groups and steps as templates/learning/outline.html shows them; an item that `user` may not open has no title."""
    steps = shape.steps
    prefetch_related_objects(steps, "course", "post")
    seen = readable(steps, user)
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


def step_line(step: Step, seen: dict[int, Any]) -> dict[str, Any]:
    return {
        "step": step,
        "icon": ICONS[step.type],
        "minutes": minutes_words(step.minutes),
        "target": target_words(step),
        "item": seen.get(step.pk),
        "hidden": step.item_id is not None and seen.get(step.pk) is None,
    }
