"""What an assignment is planned from, and the plan: who gets the path until when, and who is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from learning.models import AssignmentRule, LearningPath, PathVersion, Source, Step
from organization.models import Person, Post


class OutsideUnitError(LookupError):
    """Somebody who is not the assigner's to manage; answered like an unknown id (404, same body)."""


@dataclass(frozen=True)
class Order:
    """What the assigner says for all: which path, from when, why; `due_on` None follows the version's own rule."""

    path: LearningPath
    start_on: date
    reason: str = ""
    due_on: date | None = None
    bound_to_post: bool = False
    source: str = Source.MANAGER
    rule: AssignmentRule | None = None


@dataclass(frozen=True)
class Line:
    """One person on the list: why, and until when."""

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
    lines: tuple[Line, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    #: Reading steps that some on the list could not open, with these people.
    unreadable: tuple[tuple[Step, tuple[Person, ...]], ...] = field(default=())
