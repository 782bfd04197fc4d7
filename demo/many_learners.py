"""Creates thousands of rows to measure speed: people in units, learning paths, assignments, training records. The texts
are dummies.

The same arguments give the same rows, because every value is computed from the number of its row. No value is random.
This module does not know how its rows are measured; `bench` does the measuring.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, TypeVar

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Model

from demo.people import PASSWORD
from kb.lifecycle import publication
from learning.models import (
    Assignment,
    AssignmentRule,
    AssignmentState,
    LearningPath,
    PathVersion,
    Stage,
    Step,
    StepGroup,
    StepProgress,
    StepType,
    TrainingCourse,
    TrainingRecord,
)
from organization import clock
from organization.fiscal import fiscal_year
from organization.models import Appointment, Duty, OrgUnit, OrgUnitVersion, Person, Post, User
from organization.units.tree import unit_tree

DIVISION, DEPARTMENT = 40, 1500
PATHS, STEPS, COURSES = 12, 12, 40
#: The path of the rule that `move` creates. Nobody has this path before.
RULE_PATH_TITLE = "計測の規則の学習"
BATCH = 1000
SINCE = date(2015, 4, 1)
COMMON_POST_TITLE = "計測主査"
#: The number of people whose post has this title, if there are enough people.
COMMON_POST_COUNT = 1000
LOGINS = {
    "office": "keisoku-kenshu",
    "head_1500": "keisoku-bucho",
    "head_40": "keisoku-kacho",
    "learner": "keisoku-shain",
}
#: The states that each hundred assignments get.
STATES = (
    *[AssignmentState.IN_PROGRESS] * 28,
    *[AssignmentState.ASSIGNED] * 12,
    *[AssignmentState.SUSPENDED] * 3,
    *[AssignmentState.COMPLETED] * 47,
    *[AssignmentState.WAIVED] * 6,
    *[AssignmentState.CANCELLED] * 4,
)
CLOSED = (AssignmentState.COMPLETED, AssignmentState.WAIVED, AssignmentState.CANCELLED)
NAMESPACE = uuid.UUID("c4c9a1f0-8f27-4b7e-9d57-0a5a2f5d9b10")

Row = TypeVar("Row", bound=Model)
#: Called with the kind of row, the number of written rows, and the total.
ReportProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Amounts:
    people: int
    assignments: int
    steps: int
    records: int


def is_filled() -> bool:
    return OrgUnit.objects.filter(code="keisoku-0").exists()


def fill(amounts: Amounts, report: ReportProgress) -> None:
    """Writes all rows in one transaction. Raises ValueError if a person would get the same path twice."""
    if amounts.assignments > amounts.people * PATHS:
        raise ValueError(f"割当は、人数の{PATHS}倍までです。")
    with transaction.atomic():
        people = _people(amounts.people, report)
        versions = _paths(people[0])
        _assignments(amounts, people, versions, report)
        _records(amounts.records, people, report)
    with connection.cursor() as cursor:
        # Now the query planner knows the number of rows, as it does in a database that has been used for some time.
        cursor.execute("ANALYZE")
    unit_tree()


def _bulk(model: type[Row], rows: Iterable[Row], total: int, report: ReportProgress) -> list[Row]:
    """Creates the rows in batches of BATCH, so that `rows` is never completely in memory. Returns the created rows."""
    remaining, created = iter(rows), list[Row]()
    while batch := list(islice(remaining, BATCH)):
        created += model._default_manager.bulk_create(batch)
        report(model._meta.verbose_name.__str__(), len(created), total)
    return created


# --- People and units ------------------------------------------------------------------------


def _people(count: int, report: ReportProgress) -> list[Person]:
    """Creates people in departments of 1,500 people, with divisions of 40 people. The first person of each unit holds
    the unit's head post.
    """
    root = next((pk for pk, row in unit_tree().units.items() if unit_tree().parent(pk) is None), None)
    departments = [
        _unit(f"keisoku-{n}", f"計測第{n + 1}部", OrgUnit.Kind.DEPARTMENT, root) for n in range(-(-count // DEPARTMENT))
    ]
    divisions: dict[int, OrgUnit] = {}
    posts = []
    for n in range(count):
        department = departments[n // DEPARTMENT]
        division, seat = divmod(n % DEPARTMENT, DIVISION)
        if n % DEPARTMENT == 0:
            posts.append(Post(unit=department, title="部長", is_head=True))
            continue
        key = n // DEPARTMENT * 1000 + division
        is_head = key not in divisions
        if is_head:
            divisions[key] = _unit(
                f"keisoku-{n // DEPARTMENT}-{division}",
                f"計測{n // DEPARTMENT + 1}の{division + 1}課",
                OrgUnit.Kind.DIVISION,
                department.pk,
            )
        title = "課長" if is_head else COMMON_POST_TITLE if seat % 2 and n < 2 * COMMON_POST_COUNT * 1.06 else "主事"
        posts.append(Post(unit=divisions[key], title=title, is_head=is_head))
    posts = _bulk(Post, posts, count, report)
    this_year = date(fiscal_year(clock.today()), 4, 1)
    users = _users()
    logins = {0: users["head_1500"], 1: users["head_40"], 2: users["learner"], 3: users["office"]}
    people = _bulk(Person, (_person(n, logins.get(n), this_year) for n in range(count)), count, report)
    Duty.objects.create(post=posts[3], role=Duty.Role.TRAINING, starts_on=SINCE)
    rows = (
        Appointment(person=person, post=post, starts_on=_joined(person), announced_on=_joined(person))
        for person, post in zip(people, posts, strict=True)
    )
    _bulk(Appointment, rows, count, report)
    return people


def _joined(person: Person) -> date:
    assert person.joined_on is not None
    return person.joined_on


def _unit(code: str, name: str, kind: str, parent: int | None) -> OrgUnit:
    unit = OrgUnit.objects.create(code=code, kind=kind)
    OrgUnitVersion.objects.create(unit=unit, name=name, kana="けいそく", parent_id=parent, valid_from=SINCE)
    return unit


def _users() -> dict[str, User]:
    password = make_password(PASSWORD)
    return {role: User.objects.create(login=login, password=password, is_active=True) for role, login in LOGINS.items()}


def _person(n: int, user: User | None, this_year: date) -> Person:
    joined = this_year if n % 25 == 24 else this_year.replace(year=this_year.year - 1 - n % 30)
    return Person(
        user=user, staff_no=f"K{n:06}", name=f"計測 {n:05}", kana=f"けいそく {n:05}", joined_on=max(joined, SINCE)
    )


# --- Paths, assignments, records -------------------------------------------------------------


def _paths(by: Person) -> list[PathVersion]:
    versions = []
    for n, title in enumerate([*(f"計測の学習{n + 1}" for n in range(PATHS)), RULE_PATH_TITLE]):
        path = publication.create(item=LearningPath(title=title, audience="prefecture"), by=by)
        now = clock.now()
        version = PathVersion.objects.create(
            path=path, number=1, goal="計測のための学習です。", released_at=now, frozen_at=now
        )
        group = StepGroup.objects.create(version=version, order=0, title="はじめに")
        Step.objects.bulk_create(
            Step(
                version=version,
                group=group,
                uid=uuid.uuid5(NAMESPACE, f"{n}/{m}"),
                order=m,
                type=StepType.ON_JOB,
                title=f"{m + 1}番目にやってみる",
                why="計測のため。",
                task="やってみて、書く。",
            )
            for m in range(STEPS)
        )
        path.stage = Stage.ACTIVE
        publication.publish(item=path)
        versions.append(version)
    return versions[:PATHS]


def _assignments(amounts: Amounts, people: list[Person], versions: list[PathVersion], report: ReportProgress) -> None:
    today, count = clock.today(), amounts.assignments
    posts = dict(Appointment.objects.filter(person__staff_no__startswith="K").values_list("person_id", "post_id"))
    rows = (_assignment(n, people, versions, posts, today) for n in range(count))
    assignments = _bulk(Assignment, rows, count, report)
    uids = [[step.uid for step in version.steps.all()] for version in versions]
    by_version = {version.pk: uids[n] for n, version in enumerate(versions)}
    _bulk(StepProgress, islice(_progress(assignments, by_version), amounts.steps), amounts.steps, report)


def _assignment(
    n: int, people: list[Person], versions: list[PathVersion], posts: dict[int, int], today: date
) -> Assignment:
    """Returns the n-th assignment. Nobody gets a second assignment before all people have their first one. Nobody gets
    a path twice.

    Every fourth assignment is bound to the post of its person.
    """
    turn, place = divmod(n, len(people))
    version = versions[(turn + place) % len(versions)]
    state = STATES[(n * 37) % 100]
    open_still = state not in CLOSED
    starts = today - timedelta(days=(n * 13) % (120 if open_still else 500))
    due = starts + timedelta(days=30 + (n * 7) % 90)
    done = STEPS if state == AssignmentState.COMPLETED else 0 if state == AssignmentState.ASSIGNED else 5
    closed = min(today, due + timedelta(days=(n * 11) % 40 - 30))
    return Assignment(
        person=people[place],
        path_id=version.path_id,
        version=version,
        source="office",
        reason="計測のため。",
        assigned_on=starts,
        start_on=starts,
        due_on=due,
        state=state,
        steps_done=done,
        steps_needed=STEPS,
        completed_on=closed if state == AssignmentState.COMPLETED else None,
        closed_on=None if open_still else max(closed, starts),
        closing_reason="計測のため" if state in CLOSED[1:] else "",
        waiver_evidence="計測のため" if state == AssignmentState.WAIVED else "",
        post_id=posts[people[place].pk] if n % 4 == 0 else None,
    )


def _progress(assignments: list[Assignment], uids: dict[int, list[uuid.UUID]]) -> Iterator[StepProgress]:
    now = clock.now()
    for row in assignments:
        for uid in uids[row.version_id][: row.steps_done]:
            yield StepProgress(
                assignment=row,
                step_uid=uid,
                done_on=row.start_on,
                evidence="やってみました。",
                by_id=row.person_id,
                changed_at=now,
            )


def _records(count: int, people: list[Person], report: ReportProgress) -> None:
    kinds, today = TrainingCourse.Type.values, clock.today()
    courses = TrainingCourse.objects.bulk_create(
        TrainingCourse(code=f"K{n:03}", title=f"計測の研修{n + 1}", type=kinds[n % len(kinds)]) for n in range(COURSES)
    )
    statuses = ("completed",) * 7 + ("attended", "absent", "planned")
    used = ("", "", "used", "used", "partly", "not_yet", "will_not")

    def row(n: int) -> TrainingRecord:
        day = today - timedelta(days=(n * 17) % 1800)
        return TrainingRecord(
            person=people[n % len(people)],
            course=courses[(n * 7) % COURSES],
            starts_on=day,
            ends_on=day,
            fiscal_year=fiscal_year(day),
            hours=6,
            status=statuses[n % 10],
            used=used[n % 7],
            obligation=("all", "named", "applied", "optional")[n % 4],
        )

    _bulk(TrainingRecord, map(row, range(count)), count, report)


# --- 1 April ---------------------------------------------------------------------------------


def move(count: int, on: date) -> int:
    """Moves `count` people on that day. Returns the number of people who could be moved.

    Every twentieth person leaves the service. All others take the post of another person, and every twenty-fifth of
    these is on leave in the new post. A new rule assigns a path to 転入.
    """
    rows = list(
        Appointment.objects.filter(person__staff_no__startswith="K", ends_on__isnull=True, starts_on__lt=on)
        .exclude(post__is_head=True)
        .exclude(person__user__isnull=False)
        .order_by("pk")[:count]
    )
    posts = [row.post_id for row in rows[DIVISION:] + rows[:DIVISION]]
    eve = on - timedelta(days=1)
    leaving = {row.person_id for row in rows[::20]}
    moves = [(row.person_id, post) for row, post in zip(rows, posts, strict=True) if row.person_id not in leaving]
    with transaction.atomic():
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            Appointment.objects.filter(pk__in=[row.pk for row in batch]).update(ends_on=eve)
            Person.objects.filter(pk__in=leaving.intersection(row.person_id for row in batch)).update(left_on=eve)
        Appointment.objects.bulk_create(
            [
                *(_appointment(person, post, on, eve) for person, post in moves),
                *(
                    _appointment(
                        person, post, on, eve, kind=Appointment.Kind.CHILDCARE, ends_on=on + timedelta(days=90)
                    )
                    for person, post in moves[::25]
                ),
            ],
            batch_size=BATCH,
        )
        AssignmentRule.objects.create(
            path=LearningPath.objects.get(title=RULE_PATH_TITLE), transferred=True, reason="計測のため。", starts_on=on
        )
    return len(rows)


def _appointment(person: int, post: int, on: date, announced: date, **other: Any) -> Appointment:
    return Appointment(person_id=person, post_id=post, starts_on=on, announced_on=announced, **other)
