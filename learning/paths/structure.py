"""The outline of a version: its groups and steps, and which of them are needed, done and open.

A group with the rule "all" needs all its required steps; a group with the rule "any" needs `any_n` of its steps.
A group opens when all earlier groups are satisfied, so dependencies cannot form a cycle (I12). The classes query
nothing; the functions at the end load outlines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from learning.models import PathVersion, Step, StepGroup


@dataclass(frozen=True)
class Group:
    row: StepGroup
    steps: tuple[Step, ...]

    @property
    def needed(self) -> int:
        """How many steps must be done."""
        if self.row.rule == StepGroup.Rule.ANY:
            return min(self.row.any_n, len(self.steps))
        return sum(step.required for step in self.steps)

    def days(self, done: Mapping[UUID, date]) -> list[date]:
        """The days on which counted steps were done, earliest first; at most `needed` of them."""
        counted = [s for s in self.steps if s.required or self.row.rule == StepGroup.Rule.ANY]
        return sorted(done[step.uid] for step in counted if step.uid in done)[: self.needed]

    def is_satisfied(self, done: Collection[UUID]) -> bool:
        if self.row.rule == StepGroup.Rule.ANY:
            return sum(step.uid in done for step in self.steps) >= self.needed
        return all(step.uid in done for step in self.steps if step.required)


@dataclass(frozen=True)
class Outline:
    groups: tuple[Group, ...]

    @property
    def steps(self) -> list[Step]:
        return [step for group in self.groups for step in group.steps]

    @property
    def needed(self) -> int:
        return sum(group.needed for group in self.groups)

    @property
    def minutes(self) -> int:
        """The minutes that the path takes: of required steps, and of the longest `any_n` steps of an "any" group."""
        total = 0
        for group in self.groups:
            if group.row.rule == StepGroup.Rule.ANY:
                total += sum(sorted((s.minutes for s in group.steps), reverse=True)[: group.needed])
            else:
                total += sum(step.minutes for step in group.steps if step.required)
        return total

    def step(self, uid: UUID) -> Step | None:
        return next((step for step in self.steps if step.uid == uid), None)

    def counted(self, done: Mapping[UUID, date]) -> int:
        """How many of the needed steps are done."""
        return sum(len(group.days(done)) for group in self.groups)

    def open_steps(self, done: Collection[UUID]) -> list[Step]:
        """The steps that can be started now and are not done, in order."""
        steps: list[Step] = []
        for group in self.groups:
            steps += [step for step in group.steps if step.uid not in done]
            if not group.is_satisfied(done):
                break
        return steps

    def next_step(self, done: Collection[UUID]) -> Step | None:
        """The first open step that counts towards completion; None if all groups are satisfied. Skips optional steps."""
        for group in self.groups:
            if not group.is_satisfied(done):
                any_rule = group.row.rule == StepGroup.Rule.ANY
                return next((s for s in group.steps if s.uid not in done and (any_rule or s.required)), None)
        return None

    def completed_on(self, done: Mapping[UUID, date]) -> date | None:
        """The day on which the last needed step was done; None while a group is not satisfied."""
        if not self.groups or not all(group.is_satisfied(done) for group in self.groups):
            return None
        return max((day for group in self.groups for day in group.days(done)), default=None)


def outline(version: PathVersion) -> Outline:
    """The outline of one version. Two queries; none if groups and steps are prefetched."""
    return _outline(version.groups.all(), version.steps.all())


def outline_to_show(version: PathVersion) -> Outline:
    """Like `outline`, with the course and post of each step loaded, for pages that name them."""
    return _outline(version.groups.all(), version.steps.select_related("course", "post"))


def outlines(version_ids: Iterable[int]) -> dict[int, Outline]:
    """The outlines of many versions, by pk of the version. Two queries."""
    version_pks = set(version_ids)
    groups = list(StepGroup.objects.filter(version__in=version_pks))
    steps = list(Step.objects.filter(version__in=version_pks))
    return {
        pk: _outline([g for g in groups if g.version_id == pk], [s for s in steps if s.version_id == pk])
        for pk in version_pks
    }


def outline_of_steps(steps: Iterable[Step]) -> Outline:
    """The outline of a version from steps that were loaded with their groups. No query."""
    rows = list(steps)
    return _outline({step.group_id: step.group for step in rows}.values(), rows)


def _outline(groups: Iterable[StepGroup], steps: Iterable[Step]) -> Outline:
    ordered = sorted(steps, key=lambda step: (step.order, step.pk))
    return Outline(
        tuple(Group(row, tuple(s for s in ordered if s.group_id == row.pk)) for row in sorted(groups, key=_group_order))
    )


def _group_order(group: StepGroup) -> tuple[int, int]:
    return group.order, group.pk
