"""Creates and releases the next version of a path, moves people to the current version, and copies a path for another
unit.

An open assignment stays on its version until its person is moved (I10). A step has the same `uid` in every version, and
the progress of a learner refers to this `uid`. So to move a person, the functions set the version of the assignment and
calculate the progress again. A completed step stays completed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from kb.items.permissions import require_permission
from kb.lifecycle import publication
from kb.lifecycle.transitions import OWN
from kb.models import Item
from learning.access import path_permissions, permissions
from learning.assignments.plan import OutsideUnitError
from learning.authoring import editing
from learning.authoring.lifecycle import build_url
from learning.models import Assignment, LearningPath, PathVersion, Stage, Step, StepGroup
from learning.models.assignment import AssignmentQuerySet
from learning.paths.problems import problems
from learning.paths.structure import outline
from learning.progress.recording import recalculate, sync_facts
from organization import audit, clock
from organization.models import User
from organization.notices import notify

EMPTY_READING = "読むものを選ぶ"
CHOOSE_ITEM = "もとの学習パスでは、あなたの公開範囲の外にある記事を読みます。代わりの記事を選んでください。"
LEARNER_PAGE = "/my/learning/{uid}/"


@transaction.atomic
def next_version(*, path: LearningPath, by: User) -> PathVersion:
    """次の版を作る: copy the newest version to a new version that can be edited. If there is an unfrozen version,
    return that version instead.
    """
    row = LearningPath.objects.select_for_update(of=("self",)).get(pk=path.pk)
    require_permission(path_permissions.may_build(path=row, user=by), editing.NOT_YOURS)
    editing.refuse_closed(row)
    working = row.working_version()
    if working is not None:
        return working
    newest = row.versions.order_by("-number").first()
    assert newest is not None  # every path has a version, because `create` also creates the first version
    settings = {name: getattr(newest, name) for name in editing.SETTING_FIELDS}
    version = PathVersion.objects.create(path=row, number=newest.number + 1, **settings)
    _copy_steps(newest, version)
    audit.record(actor=by, action="path.version_begun", obj=row, after={"version": version.number})
    return version


def _copy_steps(source: PathVersion, target: PathVersion, readable: Collection[int] | None = None) -> None:
    """Copy groups and steps. The copied steps keep their uids. If `readable` is given, a step keeps its item only if
    the pk of the item is in `readable`.
    """
    for group in outline(source).groups:
        row = group.row
        copy = StepGroup.objects.create(
            version=target, order=row.order, title=row.title, rule=row.rule, any_n=row.any_n
        )
        for step in group.steps:
            values = step.target()
            if readable is not None and values["item_id"] is not None and values["item_id"] not in readable:
                # The title and reason of the step may contain the title of the item (I16).
                values |= {"item_id": None, "title": EMPTY_READING, "why": CHOOSE_ITEM}
            Step.objects.create(version=target, group=copy, **values)


@transaction.atomic
def release(*, version: PathVersion, by: User) -> PathVersion:
    """この版を公開する: from now on, new assignments get this version. Open assignments stay on their version.

    Raises `version_not_releasable`, `office_releases` or `path_problem`.
    """
    row = PathVersion.objects.select_for_update(of=("self",)).select_related("path").get(pk=version.pk)
    path = row.path
    require_permission(path_permissions.may_build(path=path, user=by), editing.NOT_YOURS)
    if path.stage != Stage.ACTIVE or row.released_at is not None:
        raise ValidationError("この版は、今は公開できません。画面を開き直してください。", code="version_not_releasable")
    if not may_release(path=path, by=by):
        raise ValidationError(
            "所属より広く公開している学習パスの版は、研修担当が公開します。「研修担当に頼む」を押してください。",
            code="office_releases",
        )
    if problems_found := problems(row):
        raise ValidationError([ValidationError(problem.text, code="path_problem") for problem in problems_found])
    row.released_at = clock.now()
    row.save()
    publication.publish(item=path)  # the search document and the page contain the steps
    audit.record(actor=by, action="path.version_released", obj=path, after={"version": row.number})
    return row


def may_release(*, path: LearningPath, by: User) -> bool:
    return permissions.is_office(by) or path.audience in OWN


@transaction.atomic
def ask_release(*, version: PathVersion, by: User) -> None:
    """研修担当に頼む: send the offices a notice that asks them to release a version. A head needs this if the head may
    not release the version.
    """
    path = version.path
    require_permission(path_permissions.may_build(path=path, user=by), editing.NOT_YOURS)
    if problems_found := problems(version):
        raise ValidationError([ValidationError(problem.text, code="path_problem") for problem in problems_found])
    audit.record(actor=by, action="path.version_sent", obj=path, after={"version": version.number})
    for person in path_permissions.acceptors().exclude(pk=by.person.pk):
        notify(person, text=f"学習パス「{path.title}」第{version.number}版の公開をお願いします。", url=build_url(path))


# --- People -----------------------------------------------------------------------------------


def movable(*, path: LearningPath, by: User) -> AssignmentQuerySet:
    """Returns the open assignments that `by` may manage and that are not on the current version."""
    current = path.current_version()
    assignments = permissions.overseen(by).open().filter(path=path)
    return assignments.exclude(version=current) if current is not None else assignments.none()


def move_people(*, path: LearningPath, by: User, uids: Collection[UUID]) -> int:
    """Move the chosen open assignments to the current version. Completed steps stay completed. Returns the number of
    moved assignments.

    Raises `nobody_chosen`. Raises OutsideUnitError if `by` may not manage one of the assignments; then an audit event
    is written and nothing is moved.
    """
    current = path.current_version()
    if current is None or not uids:
        raise ValidationError("移す人を、一人以上選んでください。", code="nobody_chosen")
    chosen = list(movable(path=path, by=by).filter(uid__in=uids).values_list("pk", flat=True))
    if len(chosen) != len(set(uids)):
        audit.record(actor=by, action="assignment.refused", obj=path, after={"outside": len(set(uids)) - len(chosen)})
        raise OutsideUnitError
    return _move_assignments(path, current, chosen, by)


@transaction.atomic
def _move_assignments(path: LearningPath, current: PathVersion, pks: Collection[int], by: User) -> int:
    locked = Assignment.objects.open().filter(pk__in=pks).select_for_update(of=("self",))
    rows = list(locked.select_related("person", "version"))
    PathVersion.objects.filter(pk=current.pk, frozen_at__isnull=True).update(frozen_at=clock.now())
    for row in rows:
        before = row.version.number
        row.version = current
        row.save(update_fields=["version"])
        audit.record(
            actor=by,
            action="assignment.version",
            obj=row,
            before={"version": before},
            after={"version": current.number},
        )
        notify(
            row.person,
            text=f"「{path.title}」が新しい版になりました。すませたステップはそのままです。",
            url=LEARNER_PAGE.format(uid=row.uid),
        )
    moved = Assignment.objects.filter(pk__in=[row.pk for row in rows])
    sync_facts(moved)
    for row in moved.select_related("version", "path", "person"):
        recalculate(row)
    return len(rows)


# --- Copies -----------------------------------------------------------------------------------


@transaction.atomic
def copy(*, path: LearningPath, by: User, unit_id: int, audience: str, title: str) -> LearningPath:
    """写して作る: create a path in 作成中 for the unit `unit_id` as a copy of `path`. The copy stores `path` as its
    origin.

    If `by` may not open the item of a reading step, the copied step has no item, so that the copy does not disclose the
    item (I16).
    """
    source = path.current_version()
    require_permission(
        source is not None and LearningPath.objects.visible_to(by).filter(pk=path.pk).exists(), editing.NOT_YOURS
    )
    assert source is not None
    text = {"title": title, "summary": path.summary, "about": path.about}
    copied = editing.create(by=by, unit_id=unit_id, audience=audience, values=text, copied_from=path)
    version = copied.versions.get()
    settings: Mapping[str, Any] = {name: getattr(source, name) for name in editing.SETTING_FIELDS}
    PathVersion.objects.filter(pk=version.pk).update(**settings)
    items = source.steps.filter(item__isnull=False).values("item_id")
    readable_items = set(Item.objects.visible_to(by).filter(pk__in=items).values_list("pk", flat=True))
    _copy_steps(source, version, readable=readable_items)
    audit.record(actor=by, action="path.copied", obj=copied, after={"from": path.public_id, "version": source.number})
    return copied
