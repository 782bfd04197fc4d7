"""Edits a learning path: its text, and the settings, groups and steps of its newest version.

A version can be edited until its first assignment (I10). It cannot be edited while the path waits for consent. Every
public function checks permission (PermissionDenied), locks the version and writes an audit event. If the values contain
a column that does not belong to the type of the step, the function raises an error. It does not ignore the column. So
the database never contains a value that the form does not show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from kb.items.permissions import require_permission
from kb.lifecycle import publication
from kb.models import Item
from learning.access import path_permissions
from learning.models import Completion, LearningPath, PathVersion, Stage, Step, StepGroup, StepType
from learning.paths import ordering
from learning.paths.problems import quiz_problem
from learning.paths.structure import outline
from organization import audit
from organization.audience import Attribution
from organization.counting import things
from organization.errors import field_error
from organization.models import User

TEXT_FIELDS = ("title", "summary", "about")
SETTING_FIELDS = ("goal", "due_kind", "due_days", "due_on", "valid_months", "renew_window_days")
GROUP_FIELDS = ("title", "rule", "any_n")
STEP_FIELDS = ("title", "why", "minutes", "required", "completion")
#: The columns that only one step type has.
STEP_COLUMNS: dict[str, tuple[str, ...]] = {
    StepType.READ: ("item",),
    StepType.WRITE: ("format",),
    StepType.COURSE: ("course",),
    StepType.ON_JOB: ("task",),
    StepType.ASK: ("post", "task"),
    StepType.CHECK: ("quiz",),
    StepType.EVENT: ("held_on", "place"),
}
#: Nobody finishes a path with more steps or groups. Such a path has to be split into several paths.
MOST_STEPS, MOST_GROUPS = 60, 20
NOT_YOURS = "この学習パスを直せる担当ではありません。"
FROZEN = "この版は、もう割り当てられているので、直せません。「次の版を作る」を押して、新しい版で直してください。"
IN_REVIEW = "確認待ちの間は、直せません。「作成中に戻す」を押してから直してください。"
RETIRED = "終了した学習パスは、直せません。「写して作る」で、新しい学習パスを作ってください。"


@transaction.atomic
def create(
    *, by: User, unit_id: int, audience: str, values: Mapping[str, Any], copied_from: LearningPath | None = None
) -> LearningPath:
    """Create a path in 作成中 with an empty first version. Only editors of the path see it.

    The keys of `values` are TEXT_FIELDS. Raises `unknown_audience`. Raises PermissionDenied if `by` may not create
    paths for the unit.
    """
    require_permission(path_permissions.may_begin(by) and unit_id in path_permissions.units_of(by), NOT_YOURS)
    if audience not in path_permissions.audiences_of(by):
        raise ValidationError("公開範囲は、画面に出ている中から選び直してください。", code="unknown_audience")
    path = LearningPath(
        **_checked_values(values, TEXT_FIELDS),
        owner_unit_id=unit_id,
        audience=audience,
        attribution=Attribution.UNIT_ONLY,
        copied_from=copied_from,
    )
    publication.create(item=path, by=by.person)
    PathVersion.objects.create(path=path, number=1)
    audit.record(actor=by, action="path.created", obj=path, after={"unit": unit_id, "audience": audience})
    return path


@transaction.atomic
def edit_text(*, path: LearningPath, by: User, values: Mapping[str, Any]) -> LearningPath:
    """Change title, summary and about. If the path is live, the change becomes a new revision, and readers see it at
    once.
    """
    locked = LearningPath.objects.select_for_update(of=("self",)).get(pk=path.pk)
    require_permission(path_permissions.may_build(path=locked, user=by), NOT_YOURS)
    refuse_closed(locked)
    before = {name: getattr(locked, name) for name in TEXT_FIELDS}
    for name, value in _checked_values(values, TEXT_FIELDS).items():
        setattr(locked, name, value)
    if locked.live:
        publication.publish(item=locked)
    else:
        locked.save(clean=False)
    audit.record(
        actor=by,
        action="path.edited",
        obj=locked,
        before=before,
        after={name: getattr(locked, name) for name in TEXT_FIELDS},
    )
    return locked


@transaction.atomic
def edit_settings(*, version: PathVersion, by: User, values: Mapping[str, Any]) -> PathVersion:
    """Change goal, due date and validity of a version that can still be edited."""
    locked = editable(version, by)
    for name, value in _checked_values(values, SETTING_FIELDS).items():
        setattr(locked, name, value)
    locked.full_clean(exclude=["path"])
    locked.save()
    _record(locked, by, "settings", due=locked.due_words())
    return locked


# --- Groups -----------------------------------------------------------------------------------


@transaction.atomic
def save_group(
    *, version: PathVersion, by: User, values: Mapping[str, Any], group: StepGroup | None = None
) -> StepGroup:
    """Change `group`. If `group` is None, add a new group at the end. Raises `too_many_groups` or `any_n_too_large`."""
    locked = editable(version, by)
    row = locked.groups.get(pk=group.pk) if group is not None else StepGroup(version=locked)
    if group is None:
        row.order = locked.groups.count()
        if row.order >= MOST_GROUPS:
            raise ValidationError(
                f"まとまりは{MOST_GROUPS}までです。似たものを一つにしてください。", code="too_many_groups"
            )
    for name, value in _checked_values(values, GROUP_FIELDS).items():
        setattr(row, name, value)
    if row.rule == StepGroup.Rule.ALL:
        row.any_n = 1
    size = row.steps.count() if row.pk else 0
    if size and row.rule == StepGroup.Rule.ANY and row.any_n > size:
        raise field_error(
            "any_n",
            f"このまとまりのステップは{things(size)}です。{size}までの数にしてください。",
            code="any_n_too_large",
        )
    row.full_clean(exclude=["version"])
    row.save()
    _record(locked, by, "group", group=row.title)
    return row


@transaction.atomic
def delete_group(*, group: StepGroup, by: User) -> None:
    """Delete an empty group. Raises `group_not_empty` if the group has steps, so that one click cannot delete steps."""
    locked = editable(group.version, by)
    if group.steps.exists():
        raise ValidationError(
            "ステップが入っているまとまりは消せません。先にステップを動かすか、消してください。", code="group_not_empty"
        )
    title = group.title
    group.delete()
    _store_order(locked, [[step.pk for step in part.steps] for part in outline(locked).groups])
    _record(locked, by, "group_deleted", group=title)


@transaction.atomic
def move_group(*, group: StepGroup, by: User, up: bool) -> None:
    locked = editable(group.version, by)
    for n, pk in enumerate(ordering.moved([part.row.pk for part in outline(locked).groups], group.pk, up=up)):
        StepGroup.objects.filter(pk=pk).exclude(order=n).update(order=n)
    _record(locked, by, "group_moved", group=group.title)


# --- Steps ------------------------------------------------------------------------------------


@transaction.atomic
def add_step(*, group: StepGroup, by: User, type: str, values: Mapping[str, Any]) -> Step:
    """Add a step at the end of `group`. `values` contains the columns of the step type. Raises `too_many_steps`."""
    locked = editable(group.version, by)
    if locked.steps.count() >= MOST_STEPS:
        raise ValidationError(
            f"ステップは{MOST_STEPS}までです。学習パスを二つに分けてください。", code="too_many_steps"
        )
    row = Step(version=locked, group=group, type=type, order=group.steps.count())
    return _save_step(row, by, values)


@transaction.atomic
def edit_step(*, step: Step, by: User, values: Mapping[str, Any]) -> Step:
    """Change a step. The type and the `uid` of the step stay the same."""
    locked = editable(step.version, by)
    return _save_step(locked.steps.get(pk=step.pk), by, values)


def _save_step(row: Step, by: User, values: Mapping[str, Any]) -> Step:
    if row.type not in STEP_COLUMNS:
        raise ValidationError("ステップの種別を、画面に出ている中から選び直してください。", code="unknown_step_type")
    for name, value in _checked_values(values, (*STEP_FIELDS, *STEP_COLUMNS[row.type])).items():
        setattr(row, name, value)
    if row.is_by_fact and row.completion != Completion.SELF:
        raise ValidationError(
            "ふりかえりと研修のステップは、公開や修了で自動的にすみます。完了条件は選べません。",
            code="completion_by_fact",
        )
    if row.type == StepType.CHECK and (problem := quiz_problem(row.quiz)):
        raise ValidationError(problem, code="quiz_incomplete")
    if row.type == StepType.READ and row.item_id is not None and not _readable(row.item_id, by):
        unchanged = row.pk and Step.objects.filter(pk=row.pk, item=row.item_id).exists()
        if not unchanged:
            raise ValidationError(
                "読むものが見つかりません。あなたが読めるものの中から選んでください。", code="item_not_readable"
            )
    row.full_clean(exclude=["version", "group", "item", "course", "post"])
    row.save()
    _record(row.version, by, "step", step=row.uid, title=row.title)
    return row


def _readable(item_id: int, by: User) -> bool:
    return bool(Item.objects.visible_to(by).filter(pk=item_id).exists())


@transaction.atomic
def delete_step(*, step: Step, by: User) -> None:
    locked = editable(step.version, by)
    uid, title = step.uid, step.title
    locked.steps.filter(pk=step.pk).delete()
    _store_order(locked, [[step.pk for step in part.steps] for part in outline(locked).groups])
    _record(locked, by, "step_deleted", step=uid, title=title)


@transaction.atomic
def move_step(*, step: Step, by: User, up: bool) -> None:
    """Move a step one place up or down. A step at the edge of its group moves into the neighbouring group."""
    locked = editable(step.version, by)
    layout = [[step.pk for step in part.steps] for part in outline(locked).groups]
    _store_order(locked, ordering.step_moved(layout, step.pk, up=up))
    _record(locked, by, "step_moved", step=step.uid)


def _store_order(version: PathVersion, layout: Sequence[Sequence[int]]) -> None:
    """Store the order of groups and steps, counted from 0 without gaps. Writes only the rows that have moved."""
    rows = sorted(version.groups.all(), key=lambda group: (group.order, group.pk))
    steps = {step.pk: step for step in version.steps.all()}
    for n, (group, keys) in enumerate(zip(rows, layout, strict=True)):
        if group.order != n:
            StepGroup.objects.filter(pk=group.pk).update(order=n)
        for m, pk in enumerate(keys):
            if (steps[pk].group_id, steps[pk].order) != (group.pk, m):
                Step.objects.filter(pk=pk).update(group=group, order=m)


# --- What may be edited -----------------------------------------------------------------------


def editable(version: PathVersion, by: User) -> PathVersion:
    """Locks the row of the version and returns it, if `by` may change the version now.

    Raises PermissionDenied, or a ValidationError that tells the user what to do: `version_frozen` (I10),
    `path_in_review`, `path_retired`.
    """
    locked = PathVersion.objects.select_for_update(of=("self",)).select_related("path").get(pk=version.pk)
    require_permission(path_permissions.may_build(path=locked.path, user=by), NOT_YOURS)
    refuse_closed(locked.path)
    if locked.frozen_at is not None:
        raise ValidationError(FROZEN, code="version_frozen")
    return locked


def refuse_closed(path: LearningPath) -> None:
    """Raises `path_in_review` or `path_retired` if the path is in a stage that does not allow changes."""
    if path.stage == Stage.REVIEW:
        raise ValidationError(IN_REVIEW, code="path_in_review")
    if path.stage == Stage.RETIRED:
        raise ValidationError(RETIRED, code="path_retired")


def _checked_values(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Returns `values` as a dict. Raises `unknown_field` if `values` has a key that is not in `names`."""
    if set(values) - set(names):
        raise ValidationError(
            "ここでは使えない欄が混じっています。画面を開き直して、もう一度送ってください。", code="unknown_field"
        )
    return dict(values)


def _record(version: PathVersion, by: User, part: str, **details: Any) -> None:
    audit.record(
        actor=by,
        action="path.version_edited",
        obj=version.path,
        after={"version": version.number, "what": part, **details},
    )
