"""Records progress: what a learner, a confirmer, a publication or a training record changes, in the same transaction.

Every function ends in `recalculate`, the only one that moves an assignment between 未着手, 学習中 and 完了. Steps that a
fact completes (a published retrospective, a finished course) are set by `sync_facts`; ``learning_recount`` repeats both
and finds no difference. A completion is never undone (I10).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from kb.models import Item, Retrospective
from learning.access import permissions
from learning.models import (
    Assignment,
    AssignmentState,
    Completion,
    Source,
    Step,
    StepProgress,
    StepType,
    TrainingRecord,
)
from learning.paths import reading_targets
from learning.paths.labels import UNNAMED
from learning.paths.structure import Outline, outline, outlines
from learning.progress import reports
from learning.progress.facts import Fact, facts_of
from organization import audit, clock
from organization.models import Person, User
from organization.notices import notify
from organization.policy import Viewer, readers_of
from organization.posts import main_post, manager_of, posts_held

Done = StepProgress.State
#: Columns that only `recalculate` writes.
COUNTED = ("state", "steps_needed", "steps_done", "completed_on", "closed_on", "valid_until")
NOT_SHARED = "このステップは所属長が確認します。この学習を「所属長に見せる」にしてから、もう一度送ってください。"
NOT_OPEN = "このステップは、前のステップがすむと始められます。先に上のステップをすませてください。"


class WrongAnswersError(Exception):
    """Some answers of a check are wrong; `wrong` holds the numbers of the questions, from 0."""

    def __init__(self, wrong: list[int]) -> None:
        super().__init__(wrong)
        self.wrong = wrong


# --- What the learner does -------------------------------------------------------------------


@transaction.atomic
def do(
    *, assignment: Assignment, step_uid: UUID, by: Person, evidence: str = "", answers: dict[int, int] | None = None
) -> StepProgress:
    """The learner completes a step; those who have to confirm it get a notice.

    Raises ValidationError, WrongAnswersError for a check, PermissionDenied for another person's assignment.
    """
    locked = _lock(assignment)
    step, shape = _own_open_step(locked, step_uid, by)
    item = _check_target(step, by, evidence, answers)
    waits = step.completion != Completion.SELF
    if (
        waits
        and locked.source == Source.SELF
        and not locked.shared
        and not (step.type == StepType.ASK and step.post_id)
    ):
        raise ValidationError(NOT_SHARED, code="not_shared")
    progress, _ = StepProgress.objects.update_or_create(
        assignment=locked,
        step_uid=step.uid,
        defaults={
            "state": Done.SUBMITTED if waits else Done.DONE,
            "done_on": None if waits else clock.today(),
            "evidence": evidence.strip(),
            "comment": "",
            "by": by,
            "item": item,
            "changed_at": clock.now(),
        },
    )
    recalculate(locked, shape=shape)
    if waits:
        people = confirmers(assignment=locked, step=step)
        shut = reading_targets.unreadable_for([step], people, readers_of(people, clock.today())).get(step.pk, [])
        for person in people:
            # What its reader may not open has no title in a notice either (I16).
            named = UNNAMED if person in shut else step.title
            notify(person, text=f"「{named}」の確認をお願いします。", url="/team/waiting/")
    return progress


@transaction.atomic
def skip(*, assignment: Assignment, step_uid: UUID, by: Person) -> StepProgress:
    """Skip a reading that its learner cannot open, so that a withdrawn or closed item stops nobody."""
    locked = _lock(assignment)
    step, shape = _own_open_step(locked, step_uid, by)
    if step.type != StepType.READ or reading_targets.readable([step], by.user).get(step.pk) is not None:
        raise ValidationError(
            "このステップは、とばせません。読めるようになっているので、開いて読んでください。", code="reading_open"
        )
    progress, _ = StepProgress.objects.update_or_create(
        assignment=locked,
        step_uid=step.uid,
        defaults={"state": Done.SKIPPED, "done_on": clock.today(), "by": by, "changed_at": clock.now()},
    )
    recalculate(locked, shape=shape)
    return progress


def _lock(assignment: Assignment) -> Assignment:
    return Assignment.objects.select_for_update(of=("self",)).select_related("version", "path").get(pk=assignment.pk)


def _own_open_step(assignment: Assignment, step_uid: UUID, by: Person) -> tuple[Step, Outline]:
    if assignment.person_id != by.pk:
        raise PermissionDenied("ほかの人の学習は進められません。")
    if not assignment.is_open:
        raise ValidationError("この学習は、もう終わっています。", code="assignment_closed")
    if assignment.start_on > clock.today():
        raise ValidationError(
            f"この学習は、{assignment.start_on.month}月{assignment.start_on.day}日から始まります。", code="not_begun"
        )
    shape = outline(assignment.version)
    step = shape.step(step_uid)
    if step is None:
        raise ValidationError("このステップは、今の版にはありません。画面を開き直してください。", code="unknown_step")
    done = {row.step_uid for row in assignment.progress.all() if row.counts}
    if step not in shape.open_steps(done):
        if step_uid in done:
            raise ValidationError("このステップは、もうすんでいます。", code="already_done")
        raise ValidationError(NOT_OPEN, code="step_not_open")
    return step, shape


def _check_target(step: Step, by: Person, evidence: str, answers: dict[int, int] | None) -> Item | None:
    """Check what the type of the step requires. Returns the item that was read, if it is a reading."""
    if step.is_by_fact:
        where = "ふりかえりを公開" if step.type == StepType.WRITE else "受講の記録が修了に"
        raise ValidationError(f"このステップは、{where}すると自動ですみになります。", code="done_by_fact")
    if len(evidence) > 400:
        raise ValidationError(
            f"書けるのは400文字までです。{len(evidence) - 400}文字けずってください。", code="evidence_too_long"
        )
    if step.asks_evidence and not evidence.strip():
        raise ValidationError("何をしたか、どうなったかを書いてから送ってください。", code="evidence_required")
    if step.type == StepType.EVENT and step.held_on and step.held_on > clock.today():
        raise ValidationError(
            f"この行事は{step.held_on.month}月{step.held_on.day}日です。出た後に押してください。", code="event_to_come"
        )
    if step.type == StepType.CHECK:
        given = answers or {}
        if wrong := [n for n, one in enumerate(step.quiz) if given.get(n) != one["answer"]]:
            raise WrongAnswersError(wrong)
    if step.type == StepType.READ:
        item = reading_targets.readable([step], by.user).get(step.pk)
        if item is None:
            raise ValidationError(
                "この記事は、今は読めません。「とばす」を押して先へ進んでください。", code="reading_closed"
            )
        return item
    return None


# --- What a reviewer does --------------------------------------------------------------------


def confirmers(*, assignment: Assignment, step: Step) -> list[Person]:
    """Who confirms a step: for a talk the holders of the asked post, else the learner's manager of today."""
    today = clock.today()
    if step.type == StepType.ASK and step.post_id:
        from organization.posts import held_on

        holders = held_on(today).filter(post_id=step.post_id).exclude(person_id=assignment.person_id)
        if people := list(Person.objects.filter(pk__in=holders.values("person_id"))):
            return people
    post = main_post(assignment.person, today)
    manager = manager_of(post.unit_id, today) if post else None
    return [manager] if manager is not None and manager.pk != assignment.person_id else []


def may_confirm(*, assignment: Assignment, step: Step, user: Viewer) -> bool:
    """Whether `user` may confirm: the learner's manager and the holder of the asked post, never the learner."""
    person: Person | None = getattr(user, "person", None)
    if person is None or person.pk == assignment.person_id:
        return False
    if step.type == StepType.ASK and step.post_id in {post.pk for post in posts_held(person, clock.today())}:
        return True
    return permissions.overseen(user).filter(pk=assignment.pk).exists()


@transaction.atomic
def decide(*, progress: StepProgress, user: User, accept: bool, comment: str = "") -> StepProgress:
    """Accept (受理) or return (差戻し) a waiting step; a return needs a comment. Raises PermissionDenied, ValidationError."""
    locked = _lock(progress.assignment)
    row = locked.progress.select_for_update().get(pk=progress.pk)
    shape = outline(locked.version)
    step = shape.step(row.step_uid)
    if step is None or not may_confirm(assignment=locked, step=step, user=user):
        raise PermissionDenied("このステップを確認する担当ではありません。")
    if row.state != Done.SUBMITTED:
        raise ValidationError("このステップは、もう確認されています。", code="already_confirmed")
    if not accept and not comment.strip():
        raise ValidationError(
            "差し戻すときは、何を足すとよいかを書いてください。本人が読みます。", code="comment_required"
        )
    if len(comment) > 300:
        raise ValidationError(
            f"ことばは300文字までです。{len(comment) - 300}文字けずってください。", code="comment_too_long"
        )
    row.state = Done.DONE if accept else Done.RETURNED
    row.done_on = clock.today() if accept else None
    row.comment, row.by, row.changed_at = comment.strip(), user.person, clock.now()
    row.save()
    audit.record(
        actor=user,
        action="step.accepted" if accept else "step.returned",
        obj=locked,
        after={"step": row.step_uid},
        reason=row.comment,
    )
    outcome = "確認されました" if accept else f"差し戻されました：{row.comment}"
    reader = readers_of([locked.person], clock.today())
    named = UNNAMED if reading_targets.unreadable_for([step], [locked.person], reader) else step.title
    notify(locked.person, text=f"「{named}」が{outcome}", url=f"/my/learning/{locked.uid}/")
    recalculate(locked, shape=shape)
    return row


# --- What facts do ---------------------------------------------------------------------------


def item_published(*, item: Item) -> None:
    """Hook of kb (``settings.KB_PUBLISHED``): a retrospective counts for the open assignments of its authors."""
    if isinstance(item, Retrospective):
        reports.link(item)
        people = [row.person_id for row in item.authorships.all()]
        sync_facts(Assignment.objects.open().filter(person__in=people))


def record_changed(record: TrainingRecord) -> None:
    """A training record was saved: its course counts for the open assignments of its person."""
    sync_facts(Assignment.objects.open().filter(person=record.person_id))


@transaction.atomic
def sync_facts(assignments: Any) -> int:
    """Bring the steps that are done by facts in line with the facts, and recalculate; returns how many rows changed."""
    rows = list(assignments.select_related("version", "path").prefetch_related("progress"))
    shapes = outlines(row.version_id for row in rows)
    waiting = [row for row in rows if any(step.is_by_fact for step in shapes[row.version_id].steps)]
    if not waiting:
        return 0
    facts = facts_of({row.person_id for row in waiting})
    changed = 0
    for row in waiting:
        touched = _follow(row, shapes[row.version_id], facts.get(row.person_id, ()))
        if touched:
            recalculate(row, shape=shapes[row.version_id])
        changed += touched
    return changed


def _follow(assignment: Assignment, shape: Outline, facts: Iterable[Fact]) -> int:
    """Rows of by-fact steps made, moved and taken away until they say what the facts say."""
    known = {row.step_uid: row for row in assignment.progress.all()}
    changed = 0
    for step in (step for step in shape.steps if step.is_by_fact):
        fact = next((fact for fact in facts if fact.meets(step, assignment)), None)
        row = known.get(step.uid)
        if fact is None:
            if row is not None:
                row.delete()
                changed += 1
        elif row is None or not fact.is_recorded_by(row):
            StepProgress.objects.update_or_create(
                assignment=assignment,
                step_uid=step.uid,
                defaults={
                    "state": Done.DONE,
                    "done_on": fact.on,
                    "item_id": fact.item_id,
                    "record_id": fact.record_id,
                    "by_id": assignment.person_id,
                    "changed_at": clock.now(),
                },
            )
            changed += 1
    if changed:
        assignment._prefetched_objects_cache.clear()  # type: ignore[attr-defined]  # Django's: what was read before is old
    return changed


# --- What follows ----------------------------------------------------------------------------


def recalculate(assignment: Assignment, *, shape: Outline | None = None) -> bool:
    """Recalculate the progress, and complete the assignment where its rule is met. Returns whether anything changed.

    The day of completion is that of the last needed step, never before the assignment (a course may be older).
    """
    if not assignment.is_open:
        return False
    shape = shape or outline(assignment.version)
    before = _derived(assignment)
    apply_progress(assignment, shape=shape, done=done_days(assignment), any_begun=assignment.progress.exists())
    if _derived(assignment) == before:
        return False
    # Only the derived columns: who assigned it and the due date may be changed by somebody else at the same moment.
    assignment.save(update_fields=COUNTED)
    if assignment.state == AssignmentState.COMPLETED:
        audit.record(actor=None, action="assignment.completed", obj=assignment, after={"on": assignment.completed_on})
        notify(
            assignment.person,
            text=f"「{assignment.path.title}」を終えました。おつかれさまでした。",
            url=f"/my/learning/{assignment.uid}/",
        )
    return True


def done_days(assignment: Assignment) -> dict[UUID, date]:
    return {row.step_uid: row.done_on for row in assignment.progress.all() if row.counts and row.done_on}


def apply_progress(assignment: Assignment, *, shape: Outline, done: dict[UUID, date], any_begun: bool) -> None:
    """Set on an open assignment what follows from its steps, without saving it."""
    assignment.steps_needed, assignment.steps_done = shape.needed, shape.counted(done)
    finished = shape.completed_on(done)
    if finished is not None:
        assignment.state = AssignmentState.COMPLETED
        assignment.completed_on = assignment.closed_on = max(finished, assignment.assigned_on)
        months = assignment.version.valid_months
        assignment.valid_until = assignment.completed_on + relativedelta(months=months) if months else None
    elif assignment.state != AssignmentState.SUSPENDED:
        assignment.state = AssignmentState.IN_PROGRESS if any_begun else AssignmentState.ASSIGNED


def _derived(assignment: Assignment) -> tuple[Any, ...]:
    return tuple(getattr(assignment, name) for name in COUNTED)
