"""Assigns a path to people. The first step is a plan (people, reasons, due dates, people left out). The second step
saves it.

`plan` writes nothing. `assign` saves either the complete plan or nothing. Both apply the same checks, so the plan never
shows anything that the save would reject. If one of twenty people belongs to another unit, the whole call is rejected.
The assigner does not learn about private learning: it does not affect the plan, or the private assignment is taken over
(``learning.assignments.adopting``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from learning.access import permissions
from learning.assignments.adopting import take_over
from learning.assignments.plan import LeftOut, Order, OutsideUnitError, Plan, PlannedAssignment
from learning.models import (
    OPEN,
    Assignment,
    AssignmentState,
    LearningPath,
    PathVersion,
    Source,
    Stage,
)
from learning.paths import problems, reading_targets
from learning.paths.structure import Outline, outline, outline_to_show
from learning.progress.recording import sync_facts
from organization import audit, clock
from organization.access_policy import Reader, can_view, readers_of
from organization.appointments import main_appointments_of
from organization.japanese_dates import era_date
from organization.models import Appointment, Person, User
from organization.notices import notify_many
from organization.units.tree import unit_tree


def plan(*, order: Order, people: Sequence[Person], whys: Mapping[int, str] | None = None) -> Plan:
    """Plan the assignment without saving the plan. `whys` maps the pk of a person to the reason (「新任」).

    Raises ValidationError (due_before_start, and the codes of `assignable`). The number of queries does not depend on
    the number of people.
    """
    target = assignable(order.path)
    version = target.version
    if order.due_on and order.due_on < order.start_on:
        raise ValidationError("期限が開始より前です。期限を開始の日より後にしてください。", code="due_before_start")
    appointed = main_appointments_of(people, order.start_on)
    readers = readers_of(people, order.start_on)
    reasons = _reasons_to_leave_out(order, people, appointed, readers)
    tree = unit_tree(order.start_on)
    whys = whys or {}
    lines = []
    for person in people:
        if person.pk in reasons:
            continue
        appointment = appointed.get(person.pk)
        appointed_on = appointment.starts_on if appointment else None
        due = order.due_on or version.due(start_on=order.start_on, appointed_on=appointed_on)
        if due < order.start_on:
            reasons[person.pk] = "期限の決まりでは、期限が開始より前になります。期限の日を入れてください。"
            continue
        post = appointment.post if appointment else None
        why = whys.get(person.pk, "") or (f"{tree.name(post.unit_id)} {post.title}" if post else "")
        lines.append(PlannedAssignment(person, why, due, post if order.bound_to_post else None))
    steps = [step for step in target.shape.steps if step.item_id]
    unreadable = reading_targets.unreadable_for(steps, [line.person for line in lines], readers, target.current)
    return Plan(
        order,
        version,
        tuple(lines),
        tuple(LeftOut(p, reasons[p.pk]) for p in people if p.pk in reasons),
        tuple((step, tuple(unreadable[step.pk])) for step in steps if step.pk in unreadable),
    )


@dataclass(frozen=True)
class Assignable:
    """The version that new assignments get, with the outline of the version and the current items of the reading steps."""

    version: PathVersion
    shape: Outline
    current: Mapping[int, int]


def assignable(path: LearningPath) -> Assignable:
    """Returns the version that new assignments get.

    Raises ValidationError if the path is not active (path_not_active), if the path has no required step
    (path_without_steps), or if the version has been edited so that nobody can complete it (path_has_faults). A frozen
    version is not checked for faults. If one of its items has disappeared, learners can skip the step.
    """
    version = path.current_version() if path.stage == Stage.ACTIVE else None
    if version is None:
        raise ValidationError(
            "この学習パスは公開中でないため、割り当てられません。公開中のものを選んでください。", code="path_not_active"
        )
    shape = outline_to_show(version)
    if not shape.needed:
        raise ValidationError(
            "この学習パスには、すませるステップがありません。先にステップを入れてください。", code="path_without_steps"
        )
    current = problems.current_items_of(shape.steps)
    if version.frozen_at is None and (problem_list := problems.faults(shape, current)):
        raise ValidationError(
            f"この学習パスは、直すまで割り当てられません。{problem_list[0].text}", code="path_has_faults"
        )
    return Assignable(version, shape, current)


def _reasons_to_leave_out(
    order: Order, people: Sequence[Person], appointed: Mapping[int, Appointment], readers: Mapping[int, Reader]
) -> dict[int, str]:
    """Maps the pk of each person who is left out to the first reason why the path is not assigned to the person."""
    pks = [person.pk for person in people]
    known = Assignment.objects.filter(person__in=pks, path=order.path).select_related("version")
    # The assigner may not know of private assignments. So private assignments must not change the result either (0029).
    rows = [row for row in known if order.source == Source.SELF or not _is_private(row, order)]
    started = {row.person_id for row in rows if row.is_open}
    holders = {
        row.person_id: row for row in rows if row.state == AssignmentState.COMPLETED and holds(row, order.start_on)
    }
    reasons: dict[int, str] = {}
    for person in people:
        if person.has_left(order.start_on):
            reasons[person.pk] = "開始の日には退職しています。"
        elif person.pk not in appointed:
            reasons[person.pk] = "開始の日に本務の職がありません（または、まだ公表されていません）。"
        elif person.pk in started:
            reasons[person.pk] = "この学習パスを、もう学んでいます。"
        elif person.pk in holders:
            until = holders[person.pk].valid_until
            reasons[person.pk] = f"修了が有効です（{f'{era_date(until)}まで' if until else '期限なし'}）。"
        elif not can_view(
            readers[person.pk], audience=order.path.audience, owner_unit_id=order.path.owner_unit_id, author_ids=()
        ):
            reasons[person.pk] = "この学習パスの公開範囲に入っていません。"
    return reasons


def _is_private(row: Assignment, order: Order) -> bool:
    """Whether the assignment is private. A self-started assignment is private while it is open; then it is taken over.
    After completion it is private if the learner has not shared it.

    For a rule, an unshared completion is not private. Nobody learns of the completion from a rule, and nobody has to
    repeat a completed path.
    """
    if row.source != Source.SELF:
        return False
    return row.is_open or (not row.shared and order.source != Source.RULE)


def holds(row: Assignment, on: date) -> bool:
    """Whether the completion is valid on that day and its renewal window has not opened yet."""
    opens = row.renewal_opens_on()
    return opens is None or on < opens


def assign(*, plan: Plan, by: User | None, due: Mapping[int, date] | None = None) -> list[Assignment]:
    """Save the plan. `due` maps the pk of a person to a due date that replaces the planned due date. If `by` is None,
    the system assigns (rules).

    Raises OutsideUnitError (an audit event is written, and nothing else), PermissionDenied, and ValidationError
    (reason_required, start_in_past, nobody_to_assign, due_before_start, assigned_meanwhile).
    """
    order, today = plan.order, clock.today()
    _require_permission(plan, by)
    if order.source == Source.MANAGER and not order.reason.strip():
        raise ValidationError("割り当てる理由を書いてください。本人が最初に読みます。", code="reason_required")
    if order.start_on < today and by is not None:
        raise ValidationError("開始が過ぎた日です。今日か、それより後の日にしてください。", code="start_in_past")
    if not plan.lines:
        raise ValidationError("割り当てる人がいません。上の一覧で、人を選び直してください。", code="nobody_to_assign")
    lines = [replace(line, due_on=(due or {}).get(line.person.pk, line.due_on)) for line in plan.lines]
    if late := [line.person.name for line in lines if line.due_on < order.start_on]:
        raise ValidationError(
            f"{'、'.join(late)}さんの期限が開始より前です。期限を開始の日より後にしてください。",
            code="due_before_start",
        )
    for _ in range(2):
        # If people enrol themselves during the first attempt, the second attempt takes over their rows.
        try:
            with transaction.atomic():
                return _save(plan, lines, by)
        except IntegrityError:
            continue
    raise ValidationError(
        "ほかの人が、今同じ学習パスを割り当てました。一覧を開き直して、確かめてください。", code="assigned_meanwhile"
    )


def _require_permission(plan: Plan, by: User | None) -> None:
    if by is None or permissions.is_office(by):
        return
    order = plan.order
    person = getattr(by, "person", None)
    person_ids = {line.person.pk for line in plan.lines} | {left_out.person.pk for left_out in plan.left_out}
    if order.source == Source.SELF and person is not None and person_ids == {person.pk}:
        return
    if not permissions.is_manager(by):
        raise PermissionDenied("学習パスを割り当てられるのは、所属長と研修担当です。")
    require_all_managed(by=by, person_ids=person_ids, on=order.start_on, path=order.path)


def require_all_managed(*, by: User, person_ids: Collection[int], on: date, path: LearningPath) -> None:
    """Raises OutsideUnitError and writes an audit event, unless this manager manages all of these people on that day."""
    mine = set(permissions.staff(by, on).filter(pk__in=person_ids).values_list("pk", flat=True))
    if others := set(person_ids) - mine:
        audit.record(actor=by, action="assignment.refused", obj=path, after={"outside": len(others)})
        raise OutsideUnitError


def _save(plan: Plan, lines: Sequence[PlannedAssignment], by: User | None) -> list[Assignment]:
    order, today = plan.order, clock.today()
    now = clock.now()
    PathVersion.objects.filter(pk=plan.version.pk, frozen_at__isnull=True).update(frozen_at=now)
    needed = outline(plan.version).needed
    adopted = take_over(order=order, lines={line.person.pk: line for line in lines}, by=by)
    created = Assignment.objects.bulk_create(
        Assignment(
            person=line.person,
            path=order.path,
            version=plan.version,
            post=line.post,
            source=order.source,
            rule=order.rule,
            assigned_by=getattr(by, "person", None),
            assigned_on=today,
            start_on=order.start_on,
            due_on=line.due_on,
            reason=order.reason.strip(),
            steps_needed=needed,
        )
        for line in lines
        if line.person.pk not in adopted
    )
    audit.record(
        actor=by,
        action="path.assigned",
        obj=order.path,
        reason=order.reason,
        after={
            "version": plan.version.number,
            "source": order.source,
            "people": [line.person.uid for line in lines],
            "start": order.start_on,
        },
    )
    # Facts from before the assignment count too, for example a course that is still valid.
    sync_facts(Assignment.objects.filter(pk__in=[row.pk for row in (*created, *adopted.values())]))
    if order.source != Source.SELF:
        text = f"学習パス「{order.path.title}」が届きました。"
        notify_many((row.person, text, f"/my/learning/{row.uid}/") for row in created)
    by_person = adopted | {row.person_id: row for row in created}
    return [by_person[line.person.pk] for line in lines]


def enrol(*, path: LearningPath, by: User) -> Assignment:
    """Self-enrolment. The assignment is private unless the learner shares it (S10). Raises PermissionDenied and
    ValidationError (cannot_enrol).
    """
    person: Person | None = getattr(by, "person", None)
    if person is None:
        raise PermissionDenied("職員の登録がないため、学習を始められません。")
    planned = plan(order=Order(path=path, start_on=clock.today(), source=Source.SELF), people=[person])
    if planned.left_out:
        raise ValidationError(f"始められません。{planned.left_out[0].why}", code="cannot_enrol")
    return assign(plan=planned, by=by)[0]


def open_assignment(person: Person, path: LearningPath) -> Assignment | None:
    return Assignment.objects.filter(person=person, path=path, state__in=OPEN).first()
