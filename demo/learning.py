"""Loads the course catalogue, the training records and the learning paths of data/{courses,paths}.toml.

Courses are loaded before the items, because a training report is linked to its record. Paths are loaded after the
items, because their steps name items. demo.assignments loads the assignments.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from demo.world import DATA, Staff, World, uid
from kb.lifecycle import publication
from kb.models import Item, Scene, Theme
from learning.models import (
    LearningPath,
    PathVersion,
    Stage,
    Step,
    StepGroup,
    TrainingCourse,
    TrainingRecord,
)
from organization import clock
from organization.fiscal import fiscal_year
from organization.models import Appointment, OrgUnit, Person, Post

#: The courses that people of each rank have taken: (course, years ago). None of these courses is a step of a path.
TAKEN = {
    "係長": (("S150", 2), ("S251", 1)),
    "課長補佐": (("S150", 5), ("S205", 3)),
    "主査": (("S251", 1), ("S205", 2)),
    "主任": (("S251", 1),),
}


def _read(name: str) -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


def path_tables() -> list[dict[str, Any]]:
    """Returns the tables of data/paths.toml in file order, in which a copied path comes after its original."""
    return _read("paths.toml")["path"]


def course_codes() -> set[str]:
    return {row["code"] for row in _read("courses.toml")["course"]}


def load_courses() -> None:
    TrainingCourse.objects.bulk_create(TrainingCourse(**row) for row in _read("courses.toml")["course"])


def noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12, 0)), clock.TOKYO)


class People:
    """Finds the people of the demo by login or by unit/rank/seat, as the data files name them."""

    def __init__(self, world: World, people: dict[str, Person]) -> None:
        self.world, self.people = world, people
        self._by_seat = {f"{s.unit}/{s.rank}/{s.seat}": s for s in world.staff}
        self._by_login = {s.login: s for s in world.staff if s.login}

    def staff(self, name: str) -> Staff:
        return self._by_login.get(name) or self._by_seat[name]

    def __getitem__(self, name: str) -> Person:
        return self.people[self.staff(name).number]

    def post(self, name: str) -> Post:
        # `organization.appointments` cannot be used here: while the clock is moved, today's appointments are not
        # announced yet.
        return self[name].appointments.get(kind=Appointment.Kind.MAIN, ends_on__isnull=True).post

    def head(self, unit: str) -> Person:
        return self.people[next(s for s in self.world.by_unit[unit] if s.is_head).number]


# --- Records ---------------------------------------------------------------------------------


def load_records(people: People) -> None:
    """Creates the records of single people from data/courses.toml, and the records of the courses that people of each
    rank have taken.
    """
    courses = {course.code: course for course in TrainingCourse.objects.all()}
    rows = [_record_from_table(row, people, courses) for row in _read("courses.toml")["record"]]
    today = people.world.today
    for n, s in enumerate(people.world.staff):
        for code, years in TAKEN.get(s.rank, ()):
            day = date(fiscal_year(today) - years, 6, 1 + n % 28)
            if s.employment == "regular" and s.joined <= day:
                rows.append(record(people.people[s.number], courses[code], day, status="completed"))
    TrainingRecord.objects.bulk_create(rows)


def record(person: Person, course: TrainingCourse | None, day: date, **values: Any) -> TrainingRecord:
    """Returns an unsaved record of `course` on that day."""
    values.setdefault("ends_on", day)
    if course is not None:
        values.setdefault("hours", course.hours)
        values.setdefault("obligation", course.obligation)
        if course.valid_months and values["status"] in TrainingRecord.FINISHED:
            values.setdefault("expires_on", values["ends_on"] + timedelta(days=365 * course.valid_months // 12))
    return TrainingRecord(person=person, course=course, starts_on=day, fiscal_year=fiscal_year(day), **values)


def _record_from_table(row: dict[str, Any], people: People, courses: dict[str, TrainingCourse]) -> TrainingRecord:
    values = {name: value for name, value in row.items() if name not in ("who", "course", "days_ago", "days")}
    values.setdefault("organiser", "人事研修課")
    ends = people.world.today - timedelta(days=row["days_ago"])
    starts = ends - timedelta(days=row["days"] - 1)
    if row["days_ago"] < 0:  # This day is in the future.
        starts, ends = ends, ends + timedelta(days=row["days"] - 1)
    if values.get("used"):
        values["used_on"] = min(ends + timedelta(days=95), people.world.today)
    return record(people[row["who"]], courses.get(row.get("course", "")), starts, ends_on=ends, **values)


# --- Paths -----------------------------------------------------------------------------------


class PathLoader:
    """Stores one path after another. `paths` contains the stored paths by key."""

    def __init__(self, *, people: People, units: dict[str, OrgUnit], items: dict[str, Item]) -> None:
        self.people, self.units, self.items = people, units, items
        self.today = people.world.today
        self.courses = {course.code: course for course in TrainingCourse.objects.all()}
        self.themes = {row.code: row for row in Theme.objects.all()}
        self.scenes = {row.code: row for row in Scene.objects.all()}
        self.paths: dict[str, LearningPath] = {}

    def load(self, table: dict[str, Any]) -> LearningPath:
        day = self.today - timedelta(days=table["made"])
        origin = self.paths.get(table.get("copied_from", ""))
        path = LearningPath(
            title=table["title"],
            summary=table["summary"],
            about=table["about"],
            keywords=table["keywords"],
            audience=table.get("audience", "prefecture"),
            attribution="unit_only",
            owner_unit=self.units[table["unit"]],
            occurred_on=day,
            review_due=self.today + timedelta(days=150 + table["made"] % 100),
            copied_from=origin,
            translation_key=uid("path", table["key"]),
        )
        path.themes.set([self.themes[code] for code in table["themes"]])
        path.scenes.set([self.scenes[code] for code in table["scenes"]])
        with clock.moved_to(day):
            path = publication.create(item=path, by=self.people.head(table["unit"]))
            names = ("goal", "due_kind", "due_days", "valid_months", "renew_window_days")
            version = PathVersion.objects.create(
                path=path, number=1, released_at=clock.now(), **{n: table[n] for n in names if n in table}
            )
            self._fill(version, table)
            path.stage = Stage.ACTIVE
            path = publication.publish(item=path)
        at = noon(day)
        LearningPath.objects.filter(pk=path.pk).update(
            first_published_at=at, last_published_at=at, latest_revision_created_at=at, registered_on=day
        )
        path.revisions.update(created_at=at)
        path.refresh_from_db()  # Without this, a later save would set the dates to the time of loading.
        self.paths[table["key"]] = path
        return path

    def _fill(self, version: PathVersion, table: dict[str, Any]) -> None:
        groups = StepGroup.objects.bulk_create(
            StepGroup(version=version, order=n, title=g["title"], rule=g.get("rule", "all"), any_n=g.get("any_n", 1))
            for n, g in enumerate(table["group"])
        )
        Step.objects.bulk_create(
            self._step(version, group, m, step, uid("step", table["key"], str(n), str(m)))
            for n, (group, group_table) in enumerate(zip(groups, table["group"], strict=True))
            for m, step in enumerate(group_table["step"])
        )

    def _step(self, version: PathVersion, group: StepGroup, order: int, table: dict[str, Any], identity: UUID) -> Step:
        names = ("type", "title", "why", "minutes", "required", "completion", "format", "task", "place", "quiz")
        step = Step(
            version=version, group=group, order=order, uid=identity, **{n: table[n] for n in names if n in table}
        )
        if "item" in table:
            step.item_id = self.items[table["item"]].pk
        if "course" in table:
            step.course = self.courses[table["course"]]
        if "ask" in table:
            step.post = self.people.post(table["ask"])
        if "in_days" in table:
            step.held_on = self.today + timedelta(days=table["in_days"])
        return step

    def begin_next_version(self, key: str, goal: str) -> PathVersion:
        """Creates the next version of the path. It is not released, and it has the same steps with the same uids."""
        path = self.paths[key]
        old = path.current_version()
        assert old is not None
        names = ("due_kind", "due_days", "valid_months", "renew_window_days")
        new = PathVersion.objects.create(
            path=path, number=old.number + 1, goal=goal, **{name: getattr(old, name) for name in names}
        )
        for group in old.groups.all():
            steps = list(group.steps.all())
            group.pk, group.version = None, new
            group.save()
            Step.objects.bulk_create(Step(version=new, group=group, **step.target()) for step in steps)
        return new
