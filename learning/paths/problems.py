"""Finds the problems that prevent the release of a version, and readings that some readers could not open.

Nothing is changed here. A step waits only for earlier groups, so dependencies cannot form a cycle (I12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kb.formats.loading import get_format
from kb.models import Item
from learning.models import LearningPath, PathVersion, Step, StepGroup, StepType
from learning.paths import reading_targets
from learning.paths.structure import Outline, outline_to_show
from organization import clock
from organization.audience import Audience
from organization.counting import things
from organization.models import OrgUnit
from organization.units.tree import UnitTree, unit_tree


@dataclass(frozen=True)
class Problem:
    """A Japanese sentence that says what to do, and the anchor of the part of the editor's page that it concerns."""

    text: str
    anchor: str = ""


@dataclass(frozen=True)
class ClosedReading:
    """A reading step whose item some readers of the path may not open. `item` is None if the editor may not either."""

    step: Step
    item: Item | None


def problems(
    version: PathVersion, shape: Outline | None = None, current: Mapping[int, int] | None = None
) -> list[Problem]:
    """All problems of a version; empty if it may be released. Three queries, for any number of steps.

    A caller that already has them passes `shape` (outline_to_show) and `current` (current_items_of).
    """
    shape = shape or outline_to_show(version)
    problems_found = faults(shape, current)
    if version.due_kind == PathVersion.DueKind.FIXED and version.due_on and version.due_on < clock.today():
        problems_found.append(
            Problem("期限の日が過ぎています。「ねらいと期限」で、新しい日を入れてください。", "settings")
        )
    return problems_found


def faults(shape: Outline, current: Mapping[int, int] | None = None) -> list[Problem]:
    """The problems of groups and steps; the due date of the version is not checked here."""
    if not shape.steps:
        return [Problem("ステップがありません。「ステップを足す」から、一つ以上入れてください。", "steps")]
    faults_found = [problem for group in shape.groups if (problem := _group_problem(group.row, len(group.steps)))]
    if not shape.needed:
        faults_found.append(Problem("必須のステップがありません。一つ以上を必須にしてください。", "steps"))
    if current is None:
        current = current_items_of(shape.steps)
    checked = ((step, _step_problem(step, current)) for step in shape.steps)
    return [
        *faults_found,
        *(Problem(f"「{step.title}」：{text}", f"step-{step.uid}") for step, text in checked if text),
    ]


def _group_problem(group: StepGroup, size: int) -> Problem | None:
    anchor = f"group-{group.pk}"
    if not size:
        return Problem(
            f"「{group.title}」にステップがありません。ステップを入れるか、まとまりを消してください。", anchor
        )
    if group.rule == StepGroup.Rule.ANY and not 1 <= group.any_n <= size:
        rule = f"「{group.title}」は{things(size)}のステップから{things(group.any_n)}すませる決まりです。"
        text = f"{rule}すませる数を1から{size}までに直してください。"
        return Problem(text, anchor)
    return None


def _step_problem(step: Step, current: Mapping[int, int]) -> str:
    """Why the step cannot be done, as a Japanese sentence; empty if it can."""
    if step.type == StepType.READ:
        if step.item_id is None:
            return "読むものが決まっていません。「直す」から、読むものを選んでください。"
        if step.item_id not in current:
            return "読むものが、取り下げられたか、まだ公開されていません。「直す」から、別のものを選んでください。"
    if step.type == StepType.WRITE and step.format and get_format(step.format) is None:
        return "ふりかえりの書式が、今はありません。「直す」から、書式を選び直してください。"
    if step.type == StepType.COURSE:
        if step.course is None:
            return "研修が決まっていません。「直す」から、研修を選んでください。"
        if step.course.retired:
            return "終わった研修です。「直す」から、今ある研修を選んでください。"
    if step.type == StepType.ASK and step.post_id is None:
        return "聴く相手の職が決まっていません。「直す」から、職を選んでください。"
    if step.type == StepType.EVENT and step.held_on is None:
        return "行事の日が決まっていません。「直す」から、日付を入れてください。"
    if step.type == StepType.CHECK:
        return quiz_problem(step.quiz)
    return ""


def quiz_problem(quiz: Any) -> str:
    """Why the quiz cannot be answered, as a Japanese sentence; empty if it can. `quiz` is the JSON value of a step."""
    if not isinstance(quiz, list) or not quiz:
        return "問いがありません。「直す」から、問いと選択肢を書いてください。"
    for n, question in enumerate(quiz, 1):
        choices, answer = question.get("choices", []), question.get("answer")
        if not question.get("question") or len(choices) < 2:
            return f"問い{n}には、問いの文と、二つ以上の選択肢が要ります。"
        if not isinstance(answer, int) or not 0 <= answer < len(choices):
            return f"問い{n}の正しい答えを、選択肢の中から選んでください。"
    return ""


# --- Readings that are closed to some readers -----------------------------------------------------


def current_items_of(steps: Iterable[Step]) -> dict[int, int]:
    """By pk of the item of a step: the pk of the item to read today. Call it once for a page and pass the result on."""
    return reading_targets.current_items({step.item_id for step in steps if step.item_id is not None})


def closed_readings(
    path: LearningPath, steps: Iterable[Step], readable_items: Mapping[int, Item | None], current: Mapping[int, int]
) -> list[ClosedReading]:
    """The reading steps whose item some readers of the path may not open; shown before anybody is assigned.

    `readable_items` (reading_targets.readable) has the items that the editor may open. Other items are not named.
    """
    items = {item.pk: item for item in Item.objects.filter(pk__in=set(current.values()))}
    tree = unit_tree()
    closed = []
    for step in steps:
        item = items.get(current.get(step.item_id or 0, 0))
        if item is not None and not covers(item, path, tree):
            closed.append(ClosedReading(step, readable_items.get(step.pk)))
    return closed


def covers(item: Item, path: LearningPath, tree: UnitTree) -> bool:
    """Whether everybody who may open `path` by its audience may open `item` by its own."""
    if item.audience == Audience.PUBLIC or path.audience == Audience.SELF:
        return True
    if item.audience == Audience.MUNICIPAL:
        return path.audience != Audience.PUBLIC
    owner, theirs = tree.successor(path.owner_unit_id or 0), item.owner_unit_id or 0
    if item.audience == Audience.PREFECTURE:
        wide = path.audience in (Audience.MUNICIPAL, Audience.PUBLIC)
        return not wide and tree.kind(owner) != OrgUnit.Kind.MUNICIPALITY
    if item.audience == Audience.DEPARTMENT:
        near = path.audience in (Audience.UNIT, Audience.DEPARTMENT)
        return near and tree.department(theirs) == tree.department(owner)
    if item.audience == Audience.UNIT and path.audience == Audience.UNIT:
        line = {owner, *tree.ancestors(owner)}
        return theirs in line or any(theirs in tree.predecessors(unit) for unit in line)
    return False
