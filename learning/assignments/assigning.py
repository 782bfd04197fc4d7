"""Assigning a path: first the list of who, why and until when, and who is left out; then one save.

`plan` writes nothing; `assign` saves what was agreed, whole or not at all. Both ask the same questions, so that
the list never promises what the save refuses. Another unit's person among twenty refuses the whole call.
What a person learns in private is not told to who assigns: it decides nothing, or is taken over (``taking_over``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from learning.access import permissions
from learning.assignments.adopting import take_over
from learning.assignments.plan import LeftOut, Line, Order, OutsideUnitError, Plan
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
from organization.fiscal import era_date
from organization.models import Appointment, Person, User
from organization.notices import notify_many
from organization.policy import Reader, can_view, readers_of
from organization.posts import main_appointments_of
from organization.tree import unit_tree


def plan(*, order: Order, people: Sequence[Person], whys: Mapping[int, str] | None = None) -> Plan:
    """Who would be given the path, and who not. Raises ValidationError where the path or the days do not allow it.

    `whys` says by pk why a person is on the list (「新任」); the queries do not grow with the people.
    """
    given = assignable(order.path)
    version = given.version
    if order.due_on and order.due_on < order.start_on:
        raise ValidationError("期限が開始より前です。期限を開始の日より後にしてください。")
    appointed = main_appointments_of(people, order.start_on)
    readers = readers_of(people, order.start_on)
    reasons = _reasons_to_leave_out(order, people, appointed, readers)
    tree = unit_tree(order.start_on)
    lines = []
    for person in people:
        if person.pk in reasons:
            continue
        row = appointed.get(person.pk)
        due = order.due_on or version.due(start_on=order.start_on, appointed_on=row.starts_on if row else None)
        if due < order.start_on:
            reasons[person.pk] = "期限の決まりでは、期限が開始より前になります。期限の日を入れてください。"
            continue
        post = row.post if row and order.bound_to_post else None
        lines.append(
            Line(
                person,
                (whys or {}).get(person.pk, "") or (f"{tree.name(row.post.unit_id)} {row.post.title}" if row else ""),
                due,
                post,
            )
        )
    steps = [step for step in given.shape.steps if step.item_id]
    shut = reading_targets.unreadable_for(steps, [line.person for line in lines], readers, given.standing)
    return Plan(
        order, version, tuple(lines), tuple(LeftOut(p, reasons[p.pk]) for p in people if p.pk in reasons),
        tuple((step, tuple(shut[step.pk])) for step in steps if step.pk in shut),
    )  # fmt: skip


@dataclass(frozen=True)
class Assignable:
    """The version that new assignments get, with its outline and what stands for its readings today."""

    version: PathVersion
    shape: Outline
    standing: Mapping[int, int]


def assignable(path: LearningPath) -> Assignable:
    """What new assignments get. Raises ValidationError for a path that is not active, asks nothing, or was edited
    into one that cannot be done.

    A frozen version is what it was when it was released: what has gone from it since can be skipped by its learners.
    """
    version = path.current_version() if path.stage == Stage.ACTIVE else None
    if version is None:
        raise ValidationError("この学習パスは公開中でないため、割り当てられません。公開中のものを選んでください。")
    shape = outline_to_show(version)
    if not shape.needed:
        raise ValidationError("この学習パスには、すませるステップがありません。先にステップを入れてください。")
    standing = problems.standing_of(shape.steps)
    if version.frozen_at is None and (faults := problems.faults(shape, standing)):
        raise ValidationError(f"この学習パスは、直すまで割り当てられません。{faults[0].text}")
    return Assignable(version, shape, standing)


def _reasons_to_leave_out(
    order: Order, people: Sequence[Person], appointed: Mapping[int, Appointment], readers: Mapping[int, Reader]
) -> dict[int, str]:
    """By pk of the person: why the path is not given; the first reason that holds."""
    pks = [person.pk for person in people]
    given = Assignment.objects.filter(person__in=pks, path=order.path).select_related("version")
    # What the assigner may not know of is neither said nor felt (0029).
    rows = [row for row in given if order.source == Source.SELF or not _is_private(row, order)]
    started = {row.person_id for row in rows if row.is_open}
    holders = {
        row.person_id: row for row in rows if row.state == AssignmentState.COMPLETED and holds(row, order.start_on)
    }
    found: dict[int, str] = {}
    for person in people:
        if person.has_left(order.start_on):
            found[person.pk] = "開始の日には退職しています。"
        elif person.pk not in appointed:
            found[person.pk] = "開始の日に本務の職がありません（または、まだ公表されていません）。"
        elif person.pk in started:
            found[person.pk] = "この学習パスを、もう学んでいます。"
        elif person.pk in holders:
            until = holders[person.pk].valid_until
            found[person.pk] = f"修了が有効です（{f'{era_date(until)}まで' if until else '期限なし'}）。"
        elif not can_view(
            readers[person.pk], audience=order.path.audience, owner_unit_id=order.path.owner_unit_id, author_ids=()
        ):
            found[person.pk] = "この学習パスの公開範囲に入っていません。"
    return found


def _is_private(row: Assignment, order: Order) -> bool:
    """Begun by oneself and open (it is taken over), or done and shown to nobody; a rule, which says nothing to
    anybody, asks nobody to do again what is done."""
    if row.source != Source.SELF:
        return False
    return row.is_open or (not row.shared and order.source != Source.RULE)


def holds(row: Assignment, on: date) -> bool:
    """A completion that is valid on that day and whose renewal is not open yet."""
    opens = row.renewal_opens_on()
    return opens is None or on < opens


def assign(*, plan: Plan, by: User | None, due: Mapping[int, date] | None = None) -> list[Assignment]:
    """Save the plan; `due` overrides the due date of single people, by pk. `by` None is the system (rules).

    Raises OutsideUnitError (audited; nothing written), PermissionDenied, ValidationError.
    """
    order, today = plan.order, clock.today()
    _allow(plan, by)
    if order.source == Source.MANAGER and not order.reason.strip():
        raise ValidationError("割り当てる理由を書いてください。本人が最初に読みます。")
    if order.start_on < today and by is not None:
        raise ValidationError("開始が過ぎた日です。今日か、それより後の日にしてください。")
    if not plan.lines:
        raise ValidationError("割り当てる人がいません。上の一覧で、人を選び直してください。")
    lines = [replace(line, due_on=(due or {}).get(line.person.pk, line.due_on)) for line in plan.lines]
    if late := [line.person.name for line in lines if line.due_on < order.start_on]:
        raise ValidationError(f"{'、'.join(late)}さんの期限が開始より前です。期限を開始の日より後にしてください。")
    for _ in range(2):
        # Who began it by themselves in this very moment is taken over by the second try.
        try:
            with transaction.atomic():
                return _save(plan, lines, by)
        except IntegrityError:
            continue
    raise ValidationError("ほかの人が、今同じ学習パスを割り当てました。一覧を開き直して、確かめてください。")


def _allow(plan: Plan, by: User | None) -> None:
    if by is None or permissions.is_office(by):
        return
    order = plan.order
    person = getattr(by, "person", None)
    asked = {line.person.pk for line in plan.lines} | {one.person.pk for one in plan.left_out}
    if order.source == Source.SELF and person is not None and asked == {person.pk}:
        return
    if not permissions.is_manager(by):
        raise PermissionDenied("学習パスを割り当てられるのは、所属長と研修担当です。")
    refuse_others(by=by, asked=asked, on=order.start_on, path=order.path)


def refuse_others(*, by: User, asked: Collection[int], on: date, path: LearningPath) -> None:
    """Raise OutsideUnitError, and leave a trace of it, where not everybody of `asked` is this manager's that day."""
    mine = set(permissions.staff(by, on).filter(pk__in=asked).values_list("pk", flat=True))
    if others := set(asked) - mine:
        audit.record(actor=by, action="assignment.refused", obj=path, after={"outside": len(others)})
        raise OutsideUnitError


def _save(plan: Plan, lines: Sequence[Line], by: User | None) -> list[Assignment]:
    order, today = plan.order, clock.today()
    now = clock.now()
    PathVersion.objects.filter(pk=plan.version.pk, frozen_at__isnull=True).update(frozen_at=now)
    needed = outline(plan.version).needed
    taken = take_over(order=order, lines={line.person.pk: line for line in lines}, by=by)
    made = Assignment.objects.bulk_create(
        Assignment(
            person=line.person, path=order.path, version=plan.version, post=line.post, source=order.source, rule=order.rule,
            assigned_by=getattr(by, "person", None), assigned_on=today, start_on=order.start_on,
            due_on=line.due_on, reason=order.reason.strip(), steps_needed=needed,
        )
        for line in lines
        if line.person.pk not in taken
    )  # fmt: skip
    audit.record(
        actor=by, action="path.assigned", obj=order.path, reason=order.reason,
        after={"version": plan.version.number, "source": order.source, "people": [line.person.uid for line in lines], "start": order.start_on},
    )  # fmt: skip
    # What was done before counts: a course that is still valid, say.
    sync_facts(Assignment.objects.filter(pk__in=[row.pk for row in (*made, *taken.values())]))
    if order.source != Source.SELF:
        text = f"学習パス「{order.path.title}」が届きました。"
        notify_many((row.person, text, f"/my/learning/{row.uid}/") for row in made)
    by_person = taken | {row.person_id: row for row in made}
    return [by_person[line.person.pk] for line in lines]


def enrol(*, path: LearningPath, by: User) -> Assignment:
    """Begin a path by oneself; private unless shared (S10). Raises ValidationError with the reason where it cannot be."""
    person: Person | None = getattr(by, "person", None)
    if person is None:
        raise PermissionDenied("職員の登録がないため、学習を始められません。")
    drawn = plan(order=Order(path=path, start_on=clock.today(), source=Source.SELF), people=[person])
    if drawn.left_out:
        raise ValidationError(f"始められません。{drawn.left_out[0].why}")
    return assign(plan=drawn, by=by)[0]


def open_assignment(person: Person, path: LearningPath) -> Assignment | None:
    return Assignment.objects.filter(person=person, path=path, state__in=OPEN).first()
