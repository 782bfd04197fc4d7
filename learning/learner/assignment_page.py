"""Read model of one assignment for its learner: each step with its state, and the next step to take.

Only the learner's own pages use this module. If the learner may not open the item of a reading step, the step is shown
without its title (I16). The number of queries does not depend on the number of steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from kb.models import Item
from learning.models import Assignment, Completion, Step, StepProgress, StepType, TrainingCourse, TrainingRecord
from learning.paths.reading_targets import readable
from learning.paths.structure import Group, Outline, outline, outlines
from organization import clock
from organization.access_policy import Viewer
from organization.appointments import held_on
from organization.models import Person
from organization.units.tree import unit_tree

#: The title of a step whose item the learner may not open.
HIDDEN_TITLE = "今は読めない記事"
#: The label of each state of a step. All pages of the learner use these labels.
STATE_LABELS = {
    "done": "すみ",
    "skipped": "とばした",
    "submitted": "確認待ち",
    "returned": "差戻し",
    "open": "これから",
    "shut": "今は読めません",
    "locked": "まだ始められません",
    "left": "していない",
}
#: The label of a step's button.
BUTTON_LABELS = {
    StepType.READ: "読む",
    StepType.WRITE: "ふりかえりを書く",
    StepType.COURSE: "研修のようすを見る",
    StepType.ON_JOB: "やってみたことを書く",
    StepType.ASK: "聴きに行く",
    StepType.CHECK: "問いに答える",
    StepType.EVENT: "日と場所を見る",
}


@dataclass(frozen=True)
class ShownStep:
    """One step of an assignment, as the learner's page shows the step."""

    step: Step
    state: str
    row: StepProgress | None = None
    #: For a reading step, the item to read today. For a writing step, the item that the learner wrote.
    item: Item | None = None
    #: The people who today hold the post that the learner has to ask: 「氏名（所属 職名）」.
    holders: tuple[str, ...] = ()
    #: The learner's newest record of the course.
    record: TrainingRecord | None = None

    @property
    def state_label(self) -> str:
        return STATE_LABELS[self.state]

    @property
    def title(self) -> str:
        return HIDDEN_TITLE if self.is_unnamed else self.step.title

    @property
    def is_unnamed(self) -> bool:
        """Whether the title is hidden. It is hidden if it would name an item that the learner may not open."""
        return self.step.type == StepType.READ and self.item is None

    @property
    def may_do(self) -> bool:
        """Whether the page shows the form of the step."""
        return self.state in ("open", "returned")

    @property
    def is_successor(self) -> bool:
        """Whether the learner reads a successor: the item that replaced the item named in the step."""
        return self.item is not None and self.step.type == StepType.READ and self.item.pk != self.step.item_id

    @property
    def is_still_to_come(self) -> bool:
        return self.step.held_on is not None and self.step.held_on > clock.today()

    @property
    def confirmation_note(self) -> str:
        """Returns a sentence that names who has to confirm the step. Empty if the learner completes the step alone."""
        if self.step.completion == Completion.SELF:
            return ""
        confirmer = "聴いた相手" if self.step.type == StepType.ASK and self.holders else "所属長"
        return f"{confirmer}が{'内容を見て受理' if self.step.completion == Completion.REVIEWED else '確認'}すると、すみになります。"


@dataclass(frozen=True)
class ShownGroup:
    group: Group
    steps: tuple[ShownStep, ...]
    is_done: bool
    is_locked: bool

    @property
    def rule(self) -> str:
        row, size = self.group.row, len(self.group.steps)
        return row.rule_words(size) if row.rule == row.Rule.ANY else "順番は自由です。すべて済ませます。"


@dataclass(frozen=True)
class NextStep:
    """The panel at the top of 「わたしの学び」: the step to do now, with its button."""

    assignment: Assignment
    shown: ShownStep
    url: str
    label: str

    @property
    def is_waiting(self) -> bool:
        return self.shown.state == "submitted"


def load_groups(assignment: Assignment, user: Viewer) -> list[ShownGroup]:
    """Returns all groups of the assignment in order. Each group contains its steps, and each step has its state for
    `user`.

    About eight queries, for any number of steps.
    """
    shape = outline(assignment.version)
    rows = {row.step_uid: row for row in assignment.progress.select_related("item", "by")}
    done = {uid for uid, row in rows.items() if row.counts}
    readable_items = readable(shape.steps, user) if any(s.type == StepType.READ for s in shape.steps) else {}
    holders = _holders_by_post(shape.steps)
    records = _records_by_course(shape.steps, assignment.person)
    open_now = {step.uid for step in shape.open_steps(done)}
    groups, locked = [], False
    for group in shape.groups:
        steps = tuple(
            ShownStep(
                step,
                _step_state(step, rows.get(step.uid), step.uid in open_now, assignment, readable_items),
                rows.get(step.uid),
                _shown_item(step, rows.get(step.uid), readable_items),
                holders.get(step.post_id or 0, ()),
                records.get(step.course_id or 0),
            )
            for step in group.steps
        )
        satisfied = group.is_satisfied(done)
        groups.append(ShownGroup(group, steps, satisfied, locked))
        locked = locked or not satisfied
    return groups


def first_takeable(groups: Iterable[ShownGroup]) -> ShownStep | None:
    """Returns the first step that the learner can take and that counts towards completion.

    A step with a future date (`held_on`) is returned only if the learner can take no other step.
    """
    for group in groups:
        if group.is_done:
            continue
        candidates = [
            s for s in group.steps if _is_wanted(s.step, group.group) and s.state in ("open", "returned", "shut")
        ]
        return next((s for s in candidates if not s.is_still_to_come), candidates[0] if candidates else None)
    return None


def most_urgent_step(assignments: Sequence[Assignment], user: Viewer) -> NextStep | None:
    """Returns the most urgent step of `assignments`. The assignments have to be sorted by due date. Five queries.

    Some steps cannot be done today: they wait for another person, or for their date. Such a step is returned only if no
    other step is left.
    """
    ready = [row for row in assignments if row.is_running and row.start_on <= clock.today()]
    if not ready:
        return None
    shapes = outlines({row.version_id for row in ready})
    rows: dict[int, dict[UUID, StepProgress]] = {row.pk: {} for row in ready}
    for progress in StepProgress.objects.filter(assignment__in=ready):
        rows[progress.assignment_id][progress.step_uid] = progress
    later: tuple[Assignment, Step] | None = None
    for row in ready:
        for rank, step in _takeable(shapes[row.version_id], rows[row.pk]):
            if rank == 0:
                return _next_step(row, step, rows[row.pk].get(step.uid), user)
            later = later or (row, step)
    return _next_step(later[0], later[1], rows[later[0].pk].get(later[1].uid), user) if later else None


def _takeable(shape: Outline, rows: Mapping[UUID, StepProgress]) -> list[tuple[int, Step]]:
    """Returns (rank, step) for each step of the first group that is not satisfied, sorted by rank.

    Rank 0: the step can be done today. Rank 1: the step waits for its date or for a confirmation.
    """
    done = {uid for uid, row in rows.items() if row.counts}
    for group in shape.groups:
        if group.is_satisfied(done):
            continue
        ranked_steps = []
        for step in group.steps:
            if step.uid in done or not _is_wanted(step, group):
                continue
            row = rows.get(step.uid)
            waits = row is not None and row.state == StepProgress.State.SUBMITTED
            to_come = step.held_on is not None and step.held_on > clock.today()
            ranked_steps.append((int(waits or to_come), step))
        return sorted(ranked_steps, key=lambda ranked: ranked[0])
    return []


def _is_wanted(step: Step, group: Group) -> bool:
    return step.required or group.row.rule == group.row.Rule.ANY


def _next_step(assignment: Assignment, step: Step, row: StepProgress | None, user: Viewer) -> NextStep:
    readable_items = readable([step], user) if step.type == StepType.READ else {}
    shown = ShownStep(
        step, _step_state(step, row, True, assignment, readable_items), row, _shown_item(step, row, readable_items)
    )
    url = f"{reverse('my_learning', args=[assignment.uid])}#step-{step.uid}"
    if shown.state == "submitted":
        return NextStep(assignment, shown, url, "ようすを見る")
    if shown.state == "shut":
        return NextStep(assignment, shown, url, "先へ進む")
    if step.type == StepType.READ and shown.item is not None:
        return NextStep(assignment, shown, shown.item.get_absolute_url(), "読む")
    return NextStep(assignment, shown, url, BUTTON_LABELS[StepType(step.type)])


def _step_state(
    step: Step,
    row: StepProgress | None,
    is_open: bool,
    assignment: Assignment,
    readable_items: Mapping[int, Item | None],
) -> str:
    if row is not None and row.counts:
        return str(row.state)
    if not assignment.is_open:
        return "left"
    if not is_open or assignment.start_on > clock.today():
        return "locked"
    if row is not None and row.state == StepProgress.State.SUBMITTED:
        return "submitted"
    if step.type == StepType.READ and readable_items.get(step.pk) is None:
        return "shut"
    return "returned" if row is not None else "open"


def _shown_item(step: Step, row: StepProgress | None, readable_items: Mapping[int, Item | None]) -> Item | None:
    """Returns the item to read, or None if the learner may not open it. For a writing step, returns the item that the
    learner wrote.
    """
    if step.type == StepType.READ:
        return readable_items.get(step.pk)
    return row.item if row is not None and step.type == StepType.WRITE else None


def _holders_by_post(steps: Iterable[Step]) -> dict[int, tuple[str, ...]]:
    """Maps the pk of each post to the people who hold it today. Each person is shown with unit and post title.

    One query, or no query if no step asks a post.
    """
    posts = {step.post_id for step in steps if step.type == StepType.ASK and step.post_id}
    if not posts:
        return {}
    tree = unit_tree()
    holders_by_post: dict[int, tuple[str, ...]] = {}
    rows = held_on(clock.today()).filter(post__in=posts).select_related("person", "post")
    for row in rows.order_by("person__kana", "pk"):
        holder = f"{row.person.name}さん（{tree.name(row.post.unit_id)} {row.post.title}）"
        holders_by_post[row.post_id] = (*holders_by_post.get(row.post_id, ()), holder)
    return holders_by_post


def _records_by_course(steps: Iterable[Step], person: Person) -> dict[int, TrainingRecord]:
    """Maps the pk of each course to the person's newest training record of the course.

    Also sets `step.course`. Two queries, or no query if no step has a course.
    """
    course_steps = [step for step in steps if step.course_id]
    if not course_steps:
        return {}
    courses = TrainingCourse.objects.in_bulk({step.course_id for step in course_steps})
    for step in course_steps:
        step.course = courses[step.course_id or 0]
    rows = TrainingRecord.objects.filter(person=person, course__in=courses).order_by("starts_on", "pk")
    return {row.course_id: row for row in rows if row.course_id}
