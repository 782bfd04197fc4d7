"""The page of one assignment for its learner: each step with its state, and the next step to take.

Only for the learner's own pages. A reading that cannot be opened has no title here (I16). The number of queries does
not depend on the number of steps.
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
from organization.models import Person
from organization.policy import Viewer
from organization.posts import held_on
from organization.units.tree import unit_tree

#: The title of a step whose item the learner may not open.
UNNAMED = "今は読めない記事"
#: The state of a step in words, on every page of the learner's.
WORDS = {
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
VERBS = {
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
    step: Step
    state: str
    row: StepProgress | None = None
    #: What is read for it today, or what was written for it.
    item: Item | None = None
    #: Who holds the post that is asked: 「氏名（所属 職名）」.
    holders: tuple[str, ...] = ()
    #: My record of the course.
    record: TrainingRecord | None = None

    @property
    def words(self) -> str:
        return WORDS[self.state]

    @property
    def title(self) -> str:
        return UNNAMED if self.is_unnamed else self.step.title

    @property
    def is_unnamed(self) -> bool:
        """Whether its title would name an item that the learner may not open."""
        return self.step.type == StepType.READ and self.item is None

    @property
    def may_do(self) -> bool:
        """Whether its form stands on the page."""
        return self.state in ("open", "returned")

    @property
    def is_successor(self) -> bool:
        """Whether a successor stands for the item that the step names."""
        return self.item is not None and self.step.type == StepType.READ and self.item.pk != self.step.item_id

    @property
    def is_still_to_come(self) -> bool:
        return self.step.held_on is not None and self.step.held_on > clock.today()

    @property
    def who_looks(self) -> str:
        """Who has to confirm the step; empty where the learner completes it alone."""
        if self.step.completion == Completion.SELF:
            return ""
        who = "聴いた相手" if self.step.type == StepType.ASK and self.holders else "所属長"
        return f"{who}が{'内容を見て受理' if self.step.completion == Completion.REVIEWED else '確認'}すると、すみになります。"


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
    """The hero of 「わたしの学び」: what to do now, why, and the one button."""

    assignment: Assignment
    shown: ShownStep
    url: str
    label: str

    @property
    def is_waiting(self) -> bool:
        return self.shown.state == "submitted"


def walk(assignment: Assignment, user: Viewer) -> list[ShownGroup]:
    """All groups in order. About eight queries, whatever the number of steps."""
    shape = outline(assignment.version)
    rows = {row.step_uid: row for row in assignment.progress.select_related("item", "by")}
    done = {uid for uid, row in rows.items() if row.counts}
    seen = readable(shape.steps, user) if any(s.type == StepType.READ for s in shape.steps) else {}
    holders = _holders(shape.steps)
    records = _records(shape.steps, assignment.person)
    open_now = {step.uid for step in shape.open_steps(done)}
    groups, locked = [], False
    for group in shape.groups:
        steps = tuple(
            ShownStep(
                step,
                _state(step, rows.get(step.uid), step.uid in open_now, assignment, seen),
                rows.get(step.uid),
                _item(step, rows.get(step.uid), seen),
                holders.get(step.post_id or 0, ()),
                records.get(step.course_id or 0),
            )
            for step in group.steps
        )
        satisfied = group.is_satisfied(done)
        groups.append(ShownGroup(group, steps, satisfied, locked))
        locked = locked or not satisfied
    return groups


def next_shown(groups: Iterable[ShownGroup]) -> ShownStep | None:
    """The first step that the learner can take and that brings the end nearer."""
    for group in groups:
        if group.is_done:
            continue
        wanted = [s for s in group.steps if _is_wanted(s.step, group.group) and s.state in ("open", "returned", "shut")]
        return next((s for s in wanted if not s.is_still_to_come), wanted[0] if wanted else None)
    return None


def next_step(assignments: Sequence[Assignment], user: Viewer) -> NextStep | None:
    """The most urgent thing to do of these assignments (given in the order of their due dates), in five queries.

    What waits for somebody else comes only where there is nothing for the learner to do.
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
                return _as_next(row, step, rows[row.pk].get(step.uid), user)
            later = later or (row, step)
    return _as_next(later[0], later[1], rows[later[0].pk].get(later[1].uid), user) if later else None


def _takeable(shape: Outline, rows: Mapping[UUID, StepProgress]) -> list[tuple[int, Step]]:
    """Steps of the first group that is not satisfied; rank 0 can be done today, 1 waits for a day or for somebody."""
    done = {uid for uid, row in rows.items() if row.counts}
    for group in shape.groups:
        if group.is_satisfied(done):
            continue
        found = []
        for step in group.steps:
            if step.uid in done or not _is_wanted(step, group):
                continue
            row = rows.get(step.uid)
            waits = row is not None and row.state == StepProgress.State.SUBMITTED
            to_come = step.held_on is not None and step.held_on > clock.today()
            found.append((int(waits or to_come), step))
        return sorted(found, key=lambda one: one[0])
    return []


def _is_wanted(step: Step, group: Group) -> bool:
    return step.required or group.row.rule == group.row.Rule.ANY


def _as_next(assignment: Assignment, step: Step, row: StepProgress | None, user: Viewer) -> NextStep:
    seen = readable([step], user) if step.type == StepType.READ else {}
    shown = ShownStep(step, _state(step, row, True, assignment, seen), row, _item(step, row, seen))
    url = f"{reverse('my_learning', args=[assignment.uid])}#step-{step.uid}"
    if shown.state == "submitted":
        return NextStep(assignment, shown, url, "ようすを見る")
    if shown.state == "shut":
        return NextStep(assignment, shown, url, "先へ進む")
    if step.type == StepType.READ and shown.item is not None:
        return NextStep(assignment, shown, shown.item.get_absolute_url(), "読む")
    return NextStep(assignment, shown, url, VERBS[StepType(step.type)])


def _state(
    step: Step, row: StepProgress | None, is_open: bool, assignment: Assignment, seen: Mapping[int, Item | None]
) -> str:
    if row is not None and row.counts:
        return str(row.state)
    if not assignment.is_open:
        return "left"
    if not is_open or assignment.start_on > clock.today():
        return "locked"
    if row is not None and row.state == StepProgress.State.SUBMITTED:
        return "submitted"
    if step.type == StepType.READ and seen.get(step.pk) is None:
        return "shut"
    return "returned" if row is not None else "open"


def _item(step: Step, row: StepProgress | None, seen: Mapping[int, Item | None]) -> Item | None:
    """What is read, as far as it may be opened; of a written step, what its learner wrote."""
    if step.type == StepType.READ:
        return seen.get(step.pk)
    return row.item if row is not None and step.type == StepType.WRITE else None


def _holders(steps: Iterable[Step]) -> dict[int, tuple[str, ...]]:
    """By pk of a post: who holds it today, with the name its unit has today; one query, none without such a step."""
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


def _records(steps: Iterable[Step], person: Person) -> dict[int, TrainingRecord]:
    """By pk of a course: the person's newest record of it. Gives the steps their courses; two queries or none."""
    wanted = [step for step in steps if step.course_id]
    if not wanted:
        return {}
    courses = TrainingCourse.objects.in_bulk({step.course_id for step in wanted})
    for step in wanted:
        step.course = courses[step.course_id or 0]
    rows = TrainingRecord.objects.filter(person=person, course__in=courses).order_by("starts_on", "pk")
    return {row.course_id: row for row in rows if row.course_id}
