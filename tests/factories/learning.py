"""Paths, steps and assignments for tests, in one line each.

path = make_path(head, steps=[read(lesson), write("kpt")])     # active, released
given = give(path, person)                                      # assigned today, by the clock
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from kb.lifecycle import publication
from learning.models import (
    Assignment,
    LearningPath,
    PathVersion,
    Stage,
    Step,
    StepGroup,
    StepType,
    TrainingCourse,
    TrainingRecord,
)
from learning.paths.structure import outline
from organization import clock
from organization.models import Person


def step(type: str = StepType.ON_JOB, **values: Any) -> dict[str, Any]:
    """An unsaved step, as the values of its columns."""
    values.setdefault("title", f"{StepType(type).label}")
    values.setdefault("why", "次の人が同じ所で困らないように。")
    return {"type": type, **values}


def read(item: Any, **values: Any) -> dict[str, Any]:
    return step(StepType.READ, item_id=item.pk, **values)


def write(format: str = "kpt", **values: Any) -> dict[str, Any]:
    return step(StepType.WRITE, format=format, **values)


def take(course: TrainingCourse, **values: Any) -> dict[str, Any]:
    return step(StepType.COURSE, course=course, **values)


def check(**values: Any) -> dict[str, Any]:
    quiz = [
        {
            "question": "だれに知らせますか。",
            "choices": ["所属長", "だれにも知らせない"],
            "answer": 0,
            "note": "まず所属長へ。",
        }
    ]
    return step(StepType.CHECK, quiz=quiz, **values)


def make_path(
    by: Person, *, steps: Any = None, groups: Any = None, stage: str = Stage.ACTIVE, version: Any = None, **values: Any
) -> LearningPath:
    """A path of `by`'s unit; `groups` is [(rule, n, [steps…])…], or one group of all `steps`.

    `version` holds columns of the version. An active path is published and its version released.
    """
    values.setdefault("title", "新任職員の最初の100日")
    values.setdefault("audience", "prefecture")
    path = publication.create(item=LearningPath(**values), by=by)
    first = PathVersion.objects.create(path=path, number=1, goal="ひとりで窓口に立てる。", **(version or {}))
    fill(first, groups or [("all", 1, steps if steps is not None else [step()])])
    if stage in (Stage.ACTIVE, Stage.RETIRED):
        PathVersion.objects.filter(pk=first.pk).update(released_at=clock.now())
        path.stage = stage
        path = publication.publish(item=path)
    else:
        path.stage = stage
        path.save(clean=False)
    return path


def fill(version: PathVersion, groups: Any) -> None:
    for n, (rule, any_n, steps) in enumerate(groups):
        group = StepGroup.objects.create(version=version, order=n, title=f"第{n + 1}週", rule=rule, any_n=any_n)
        for m, values in enumerate(steps):
            Step.objects.create(version=version, group=group, order=m, **values)


def give(path: LearningPath, person: Person, **values: Any) -> Assignment:
    """An assignment, written directly as a row. A test of assigning itself uses `learning.assignments.assigning`."""
    version = path.current_version()
    assert version is not None
    today = clock.today()
    values.setdefault("source", "manager")
    values.setdefault("reason", "異動して最初の学習です。")
    values.setdefault("assigned_on", today)
    values.setdefault("start_on", min(values["assigned_on"], today))
    values.setdefault("due_on", values["start_on"] + timedelta(days=90))
    values.setdefault("steps_needed", outline(version).needed)
    if values.get("state") in ("completed", "waived", "cancelled"):
        values.setdefault("closed_on", values.get("completed_on", today))
    return Assignment.objects.create(person=person, path=path, version=version, **values)


def make_course(code: str = "S001", **values: Any) -> TrainingCourse:
    values.setdefault("title", "個人情報の取扱い研修")
    return TrainingCourse.objects.create(code=code, **values)


def make_record(person: Person, course: TrainingCourse | None = None, **values: Any) -> TrainingRecord:
    values.setdefault("starts_on", date(2025, 6, 10))
    values.setdefault("ends_on", values["starts_on"])
    values.setdefault("free_title", "" if course else "話し方の講座")
    values.setdefault("status", "completed")
    return TrainingRecord.objects.create(person=person, course=course, **values)
