"""The order from which an assignment is planned, and the plan: the people who get the path, their due dates, and the
people who are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from learning.models import AssignmentRule, LearningPath, PathVersion, Source, Step
from organization.models import Person, Post


class OutsideUnitError(LookupError):
    """The assigner does not manage the person. The response is a 404, the same as for an unknown id."""


@dataclass(frozen=True)
class Order:
    """The values that are the same for everybody on the list. If `due_on` is None, the due-date rule of the version
    applies.
    """

    path: LearningPath
    start_on: date
    reason: str = ""
    due_on: date | None = None
    bound_to_post: bool = False
    source: str = Source.MANAGER
    rule: AssignmentRule | None = None


@dataclass(frozen=True)
class PlannedAssignment:
    """One person on the list, with the reason and the due date."""

    person: Person
    why: str
    due_on: date
    post: Post | None = None


@dataclass(frozen=True)
class LeftOut:
    person: Person
    why: str


@dataclass(frozen=True)
class Plan:
    order: Order
    version: PathVersion
    lines: tuple[PlannedAssignment, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    #: The reading steps that some people on the list cannot open. Each step is stored with these people.
    unreadable: tuple[tuple[Step, tuple[Person, ...]], ...] = field(default=())
