"""Records the progress of assignments: by the learner, by a confirmer, by a publication or by a training record.

Every function calls `recalculate`, which alone moves an assignment between 未着手, 学習中 and 完了. A step that a fact
completes (a published retrospective, a finished course) is set by `sync_facts`, in the transaction of the fact. The
command ``learning_recount`` repeats both and should find no difference. A completion is never undone (I10).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
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
from learning.models.assignment import AssignmentQuerySet
from learning.paths import reading_targets
from learning.paths.labels import UNNAMED
from learning.paths.structure import Outline, outline, outlines
from learning.progress import reports
from learning.progress.facts import Fact, facts_of
from organization import audit, clock
from organization.access_policy import Viewer, readers_of
from organization.appointments import main_post, manager_of, posts_held
from organization.models import Person, User
from organization.notices import notify

State = StepProgress.State
#: The columns that only `recalculate` writes.
DERIVED_COLUMNS = ("state", "steps_needed", "steps_done", "completed_on", "closed_on", "valid_until")
NOT_SHARED = "このステップは所属長が確認します。この学習を「所属長に見せる」にしてから、もう一度送ってください。"
STEP_NOT_OPEN = "このステップは、前のステップがすむと始められます。先に上のステップをすませてください。"


class WrongAnswersError(Exception):
    """Some answers of a check are wrong; `wrong` holds the numbers of the questions, from 0."""

    def __init__(self, wrong: list[int]) -> None:
        super().__init__(wrong)
        self.wrong = wrong


# --- By the learner --------------------------------------------------------------------------


@transaction.atomic
def complete_step(
    *, assignment: Assignment, step_uid: UUID, by: Person, evidence: str = "", answers: dict[int, int] | None = None
) -> StepProgress:
    """Complete a step, or submit it if somebody has to confirm it; the confirmers get a notice.

    `answers` has the number of the chosen answer by the number of the question, both from 0. Raises PermissionDenied for
    another person's assignment, WrongAnswersError, and ValidationError (assignment_closed, not_begun, unknown_step,
    already_done, step_not_open, done_by_fact, evidence_too_long, evidence_required, event_to_come, reading_closed,
    not_shared).
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
            "state": State.SUBMITTED if waits else State.DONE,
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
        unreadable = reading_targets.unreadable_for([step], people, readers_of(people, clock.today())).get(step.pk, [])
        for person in people:
            # A notice does not name an item that its reader may not open (I16).
            title = UNNAMED if person in unreadable else step.title
            notify(person, text=f"「{title}」の確認をお願いします。", url="/team/waiting/")
    return progress


@transaction.atomic
def skip_step(*, assignment: Assignment, step_uid: UUID, by: Person) -> StepProgress:
    """Skip a reading that the learner may not open, so that a withdrawn or closed item blocks nobody.

    Raises `reading_open` if it can be read, and the codes of `complete_step` for a step that is not open.
    """
    locked = _lock(assignment)
    step, shape = _own_open_step(locked, step_uid, by)
    if step.type != StepType.READ or reading_targets.readable([step], by.user).get(step.pk) is not None:
        raise ValidationError(
            "このステップは、とばせません。読めるようになっているので、開いて読んでください。", code="reading_open"
        )
    progress, _ = StepProgress.objects.update_or_create(
        assignment=locked,
        step_uid=step.uid,
        defaults={"state": State.SKIPPED, "done_on": clock.today(), "by": by, "changed_at": clock.now()},
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
        raise ValidationError(STEP_NOT_OPEN, code="step_not_open")
    return step, shape


def _check_target(step: Step, by: Person, evidence: str, answers: dict[int, int] | None) -> Item | None:
    """Check what the type of the step requires. Returns the item that was read, if it is a reading."""
    if step.is_by_fact:
        fact = "ふりかえりを公開" if step.type == StepType.WRITE else "受講の記録が修了に"
        raise ValidationError(f"このステップは、{fact}すると自動ですみになります。", code="done_by_fact")
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
        chosen = answers or {}
        if wrong := [number for number, question in enumerate(step.quiz) if chosen.get(number) != question["answer"]]:
            raise WrongAnswersError(wrong)
    if step.type == StepType.READ:
        item = reading_targets.readable([step], by.user).get(step.pk)
        if item is None:
            raise ValidationError(
                "この記事は、今は読めません。「とばす」を押して先へ進んでください。", code="reading_closed"
            )
        return item
    return None


# --- By a confirmer --------------------------------------------------------------------------


def confirmers(*, assignment: Assignment, step: Step) -> list[Person]:
    """The people who can confirm a step.

    For an ASK step these are the holders of its post, for other steps the learner's head today.
    """
    today = clock.today()
    if step.type == StepType.ASK and step.post_id:
        from organization.appointments import held_on

        holders = held_on(today).filter(post_id=step.post_id).exclude(person_id=assignment.person_id)
        if people := list(Person.objects.filter(pk__in=holders.values("person_id"))):
            return people
    post = main_post(assignment.person, today)
    manager = manager_of(post.unit_id, today) if post else None
    return [manager] if manager is not None and manager.pk != assignment.person_id else []


def may_confirm(*, assignment: Assignment, step: Step, user: Viewer) -> bool:
    """Whether `user` may confirm: the learner's manager or a holder of the step's post, never the learner."""
    person: Person | None = getattr(user, "person", None)
    if person is None or person.pk == assignment.person_id:
        return False
    if step.type == StepType.ASK and step.post_id in {post.pk for post in posts_held(person, clock.today())}:
        return True
    return permissions.overseen(user).filter(pk=assignment.pk).exists()


@transaction.atomic
def decide_step(*, progress: StepProgress, user: User, accept: bool, comment: str = "") -> StepProgress:
    """Accept (受理) a submitted step, or return it (差戻し), which needs a comment.

    Raises PermissionDenied, and ValidationError (already_confirmed, comment_required, comment_too_long).
    """
    locked = _lock(progress.assignment)
    row = locked.progress.select_for_update().get(pk=progress.pk)
    shape = outline(locked.version)
    step = shape.step(row.step_uid)
    if step is None or not may_confirm(assignment=locked, step=step, user=user):
        raise PermissionDenied("このステップを確認する担当ではありません。")
    if row.state != State.SUBMITTED:
        raise ValidationError("このステップは、もう確認されています。", code="already_confirmed")
    if not accept and not comment.strip():
        raise ValidationError(
            "差し戻すときは、何を足すとよいかを書いてください。本人が読みます。", code="comment_required"
        )
    if len(comment) > 300:
        raise ValidationError(
            f"ことばは300文字までです。{len(comment) - 300}文字けずってください。", code="comment_too_long"
        )
    row.state = State.DONE if accept else State.RETURNED
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
    title = UNNAMED if reading_targets.unreadable_for([step], [locked.person], reader) else step.title
    notify(locked.person, text=f"「{title}」が{outcome}", url=f"/my/learning/{locked.uid}/")
    recalculate(locked, shape=shape)
    return row


# --- By facts --------------------------------------------------------------------------------


def item_published(*, item: Item) -> None:
    """Hook of kb (``settings.KB_PUBLISHED``): a retrospective counts for the open assignments of its authors."""
    if isinstance(item, Retrospective):
        reports.link_report(item)
        people = [row.person_id for row in item.authorships.all()]
        sync_facts(Assignment.objects.open().filter(person__in=people))


def record_changed(record: TrainingRecord) -> None:
    """A training record was saved: its course counts for the open assignments of its person."""
    sync_facts(Assignment.objects.open().filter(person=record.person_id))


@transaction.atomic
def sync_facts(assignments: AssignmentQuerySet) -> int:
    """Set the steps that facts complete, and recalculate. Returns the number of changed progress rows."""
    rows = list(assignments.select_related("version", "path").prefetch_related("progress"))
    shapes = outlines(row.version_id for row in rows)
    waiting = [row for row in rows if any(step.is_by_fact for step in shapes[row.version_id].steps)]
    if not waiting:
        return 0
    facts = facts_of({row.person_id for row in waiting})
    changed = 0
    for row in waiting:
        rows_changed = _apply_facts(row, shapes[row.version_id], facts.get(row.person_id, ()))
        if rows_changed:
            recalculate(row, shape=shapes[row.version_id])
        changed += rows_changed
    return changed


def _apply_facts(assignment: Assignment, shape: Outline, facts: Iterable[Fact]) -> int:
    """Create, change and delete the progress rows of by-fact steps to match `facts`. Returns how many rows changed."""
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
                    "state": State.DONE,
                    "done_on": fact.on,
                    "item_id": fact.item_id,
                    "record_id": fact.record_id,
                    "by_id": assignment.person_id,
                    "changed_at": clock.now(),
                },
            )
            changed += 1
    if changed:
        assignment._prefetched_objects_cache.clear()  # type: ignore[attr-defined]  # prefetched rows are stale now
    return changed


# --- Recalculation ---------------------------------------------------------------------------


def recalculate(assignment: Assignment, *, shape: Outline | None = None) -> bool:
    """Recalculate the progress, and complete the assignment if all its groups are satisfied. Returns whether it changed.

    The day of completion is the day of the last needed step, but not before the day of assignment (a course may be older).
    """
    if not assignment.is_open:
        return False
    shape = shape or outline(assignment.version)
    before = _derived(assignment)
    apply_progress(assignment, shape=shape, done=done_days(assignment), any_begun=assignment.progress.exists())
    if _derived(assignment) == before:
        return False
    # Only the derived columns: another user may change the due date or the assigner at the same moment.
    assignment.save(update_fields=DERIVED_COLUMNS)
    if assignment.state == AssignmentState.COMPLETED:
        audit.record(actor=None, action="assignment.completed", obj=assignment, after={"on": assignment.completed_on})
        notify(
            assignment.person,
            text=f"「{assignment.path.title}」を終えました。おつかれさまでした。",
            url=f"/my/learning/{assignment.uid}/",
        )
    return True


def done_days(assignment: Assignment) -> dict[UUID, date]:
    """Maps the uid of each counted step to the day on which it was done."""
    return {row.step_uid: row.done_on for row in assignment.progress.all() if row.counts and row.done_on}


def apply_progress(assignment: Assignment, *, shape: Outline, done: dict[UUID, date], any_begun: bool) -> None:
    """Set the derived columns of an open assignment from its steps, without saving. `any_begun`: it has any progress."""
    assignment.steps_needed, assignment.steps_done = shape.needed, shape.counted(done)
    finished = shape.completed_on(done)
    if finished is not None:
        assignment.state = AssignmentState.COMPLETED
        assignment.completed_on = assignment.closed_on = max(finished, assignment.assigned_on)
        months = assignment.version.valid_months
        assignment.valid_until = assignment.completed_on + relativedelta(months=months) if months else None
    elif assignment.state != AssignmentState.SUSPENDED:
        assignment.state = AssignmentState.IN_PROGRESS if any_begun else AssignmentState.ASSIGNED


def _derived(assignment: Assignment) -> tuple[object, ...]:
    return tuple(getattr(assignment, name) for name in DERIVED_COLUMNS)
