"""The next version of a path, its release, moving people to it, and copying a path for another unit.

Open assignments stay on the version they were given (I10). Steps keep their `uid` from version to version, and what
was done names the step by it: moving somebody is setting the version and counting again. A completion is not undone.
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
CHOOSE = "もとの学習パスでは、あなたの公開範囲の外にある記事を読みます。代わりの記事を選んでください。"
LEARNER_PAGE = "/my/learning/{uid}/"


@transaction.atomic
def next_version(*, path: LearningPath, by: User) -> PathVersion:
    """次の版を作る: a copy of the newest, to be worked on; the one that was begun already if there is one."""
    row = LearningPath.objects.select_for_update(of=("self",)).get(pk=path.pk)
    require_permission(path_permissions.may_build(path=row, user=by), editing.NOT_YOURS)
    editing.refuse_closed(row)
    begun = row.working_version()
    if begun is not None:
        return begun
    newest = row.versions.order_by("-number").first()
    assert newest is not None  # a path is created with its first version
    kept = {name: getattr(newest, name) for name in editing.SETTINGS}
    following = PathVersion.objects.create(path=row, number=newest.number + 1, **kept)
    _copy(newest, following)
    audit.record(actor=by, action="path.version_begun", obj=row, after={"version": following.number})
    return following


def _copy(source: PathVersion, target: PathVersion, readable: Collection[int] | None = None) -> None:
    """Groups and steps with the same step uids; of items only those in `readable`, where it is given."""
    for group in outline(source).groups:
        row = group.row
        copy = StepGroup.objects.create(
            version=target, order=row.order, title=row.title, rule=row.rule, any_n=row.any_n
        )
        for step in group.steps:
            values = step.target()
            if readable is not None and values["item_id"] is not None and values["item_id"] not in readable:
                # Its title and reason may say what it is called (I16).
                values |= {"item_id": None, "title": EMPTY_READING, "why": CHOOSE}
            Step.objects.create(version=target, group=copy, **values)


@transaction.atomic
def release(*, version: PathVersion, by: User) -> PathVersion:
    """この版を公開する: new assignments get it from now on; open ones stay where they are."""
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
    if faults := problems(row):
        raise ValidationError([ValidationError(problem.text, code="path_problem") for problem in faults])
    row.released_at = clock.now()
    row.save()
    publication.publish(item=path)  # its steps are part of what is found and read
    audit.record(actor=by, action="path.version_released", obj=path, after={"version": row.number})
    return row


def may_release(*, path: LearningPath, by: User) -> bool:
    return permissions.is_office(by) or path.audience in OWN


@transaction.atomic
def ask_release(*, version: PathVersion, by: User) -> None:
    """研修担当に頼む: a notice to the training office, where a head may not release the version."""
    path = version.path
    require_permission(path_permissions.may_build(path=path, user=by), editing.NOT_YOURS)
    if found := problems(version):
        raise ValidationError([ValidationError(problem.text, code="path_problem") for problem in found])
    audit.record(actor=by, action="path.version_sent", obj=path, after={"version": version.number})
    for person in path_permissions.acceptors().exclude(pk=by.person.pk):
        notify(person, text=f"学習パス「{path.title}」第{version.number}版の公開をお願いします。", url=build_url(path))


# --- People -----------------------------------------------------------------------------------


def movable(*, path: LearningPath, by: User) -> AssignmentQuerySet:
    """Open assignments on other versions than the current one that `by` answers for."""
    current = path.current_version()
    assignments = permissions.overseen(by).open().filter(path=path)
    return assignments.exclude(version=current) if current is not None else assignments.none()


def move_people(*, path: LearningPath, by: User, uids: Collection[UUID]) -> int:
    """Move chosen open assignments to the current version, done steps with them; returns how many.

    Raises OutsideUnitError (audited; nothing written) where one of them is not this user's to manage.
    """
    current = path.current_version()
    if current is None or not uids:
        raise ValidationError("移す人を、一人以上選んでください。", code="nobody_chosen")
    chosen = list(movable(path=path, by=by).filter(uid__in=uids).values_list("pk", flat=True))
    if len(chosen) != len(set(uids)):
        audit.record(actor=by, action="assignment.refused", obj=path, after={"outside": len(set(uids)) - len(chosen)})
        raise OutsideUnitError
    return _move(path, current, chosen, by)


@transaction.atomic
def _move(path: LearningPath, current: PathVersion, chosen: Collection[int], by: User) -> int:
    locked = Assignment.objects.open().filter(pk__in=chosen).select_for_update(of=("self",))
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
    """写して作る: another unit's path in 作成中, to be adapted, with its origin kept.

    A reading that who copies may not open is left empty: a copy must not carry what cannot be seen.
    """
    source = path.current_version()
    require_permission(
        source is not None and LearningPath.objects.visible_to(by).filter(pk=path.pk).exists(), editing.NOT_YOURS
    )
    assert source is not None
    text = {"title": title, "summary": path.summary, "about": path.about}
    copied = editing.create(by=by, unit_id=unit_id, audience=audience, values=text, copied_from=path)
    version = copied.versions.get()
    settings: Mapping[str, Any] = {name: getattr(source, name) for name in editing.SETTINGS}
    PathVersion.objects.filter(pk=version.pk).update(**settings)
    items = source.steps.filter(item__isnull=False).values("item_id")
    seen = set(Item.objects.visible_to(by).filter(pk__in=items).values_list("pk", flat=True))
    _copy(source, version, readable=seen)
    audit.record(actor=by, action="path.copied", obj=copied, after={"from": path.public_id, "version": source.number})
    return copied
