"""Loads each kind of row: compares it with the stored row, then writes it. A fixed number of queries a batch.

`plan` writes nothing; `save` writes what was planned, in the caller's transaction; `count` lets records count for the
paths of their people. Courses are saved one by one, for search hears of them by their signal; records and completions
in bulk, for nothing listens. It refuses to touch what its columns do not name: reports, reflections, sharing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db.models import Model

from imports import cells
from imports.report import Refusal
from imports.spreadsheets import without_controls
from learning.imports.fields import one_width
from learning.imports.matching import Known, People
from learning.imports.rows import OWN, Line, Waiting
from learning.models import (
    Assignment,
    AssignmentState,
    Kind,
    LearningPath,
    PathVersion,
    Source,
    Step,
    TrainingCourse,
    TrainingRecord,
)
from learning.paths.structure import outlines
from learning.progress.recording import sync_facts
from organization import clock
from organization.fiscal import era_date, fiscal_year
from organization.models import Person

GONE = "この行は、書き出した後になくなっています。外部IDを空にすると、新しい行として取り込みます。"
PEOPLE_AT_ONCE = 500
ANOTHERS = "この外部IDは、別の人の行です。書き出したときの職員番号に戻してください。"


class RefusedLineError(Exception):
    """The line is refused; `name` is the field at fault."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


@dataclass
class Batch:
    """What a batch of lines would change. `found` holds the matched people by key."""

    new: list[Any] = field(default_factory=list)
    changed: list[tuple[Any, list[str]]] = field(default_factory=list)
    unchanged: int = 0
    waiting: list[Waiting] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    found: dict[str, Person] = field(default_factory=dict)
    #: Courses and people before and after, whose assignments are counted again.
    courses: set[int] = field(default_factory=set)
    people: set[int] = field(default_factory=set)
    #: Rows that name a course the catalogue does not have; people who still have the path open.
    free: int = 0
    open_still: int = 0
    #: Waiting lines that the office does not want.
    dropped: int = 0

    def set_aside(self, keys: Collection[str]) -> None:
        """Take the lines with these keys off the waiting ones: the office has dropped them before."""
        waiting = [wait for wait in self.waiting if wait.key not in keys]
        self.dropped, self.waiting = len(self.waiting) - len(waiting), waiting


Keyed = Sequence[tuple[str, Line]]


class Loader:
    """What the three kinds share: finding the stored row by its key, and setting what differs."""

    kind: ClassVar[str]

    def plan(self, lines: Keyed, known: Known) -> Batch:
        batch = Batch()
        self.begin(lines, known)
        for key, line in lines:
            try:
                self.plan_row(key, line, batch)
            except RefusedLineError as error:
                batch.refused.append(line.refused(error.name, str(error)))
        return batch

    def begin(self, lines: Keyed, known: Known) -> None:
        raise NotImplementedError

    def plan_row(self, key: str, line: Line, batch: Batch) -> None:
        raise NotImplementedError

    def save(self, batch: Batch) -> None:
        raise NotImplementedError


def set_values(row: Any, values: Mapping[str, Any], batch: Batch, *, new: bool) -> list[str]:
    """Set `values` on the row and add it to the batch as new, changed or unchanged. Returns the names that differ."""
    differing = [name for name, value in values.items() if _seen(getattr(row, name)) != value]
    if new:
        batch.new.append(row)
    elif differing:
        batch.changed.append((row, differing))
    else:
        batch.unchanged += 1
        return []
    for name in values if new else differing:
        setattr(row, name, values[name])
    return differing


def _seen(value: Any) -> Any:
    """The stored value as an export would return it, so that an unchanged cell counts as unchanged."""
    return cells.trimmed(without_controls(value)) if isinstance(value, str) else value


def courses_by_code(codes: Iterable[str]) -> dict[str, TrainingCourse]:
    """The courses with these codes, as written or in one width, by code."""
    spellings = {form for code in codes if code for form in (code, one_width(code))}
    return {row.code: row for row in TrainingCourse.objects.filter(code__in=spellings)}


class Courses(Loader):
    kind = Kind.COURSES

    def begin(self, lines: Keyed, known: Known) -> None:
        self.standing = courses_by_code(line.values["code"] for _, line in lines)

    def plan_row(self, key: str, line: Line, batch: Batch) -> None:
        code = line.values["code"]
        row = self.standing.get(code) or self.standing.get(one_width(code))
        kept = ("provider", "type", "obligation")
        values = {name: value for name, value in line.values.items() if value != "" or name not in kept}
        values["code"] = row.code if row else one_width(code)
        set_values(row or TrainingCourse(), values, batch, new=row is None)

    def save(self, batch: Batch) -> None:
        for row in (*batch.new, *(row for row, _ in batch.changed)):
            row.save()


def own_ids(lines: Keyed, what: str) -> dict[str, str]:
    """The numbers in external ids of our own exports, by key."""
    return {key: key.removeprefix(what) for key, _ in lines if key.startswith(what)}


def owner(row: TrainingRecord | Assignment | None, line: Line) -> Person:
    """The person of an exported row, even where the staff number has been given again since."""
    if row is None:
        raise RefusedLineError("external_id", GONE)
    if str(line.values["staff_no"]).lstrip("0") != row.person.staff_no.lstrip("0"):
        raise RefusedLineError("external_id", ANOTHERS)
    return row.person


class Records(Loader):
    kind = Kind.RECORDS
    own = f"{OWN}record:"
    same = ("organiser", "starts_on", "hours", "status", "score", "certificate_no", "expires_on")

    def begin(self, lines: Keyed, known: Known) -> None:
        self.people = People(lines, known)
        titles = {line.values.get("course_title") or "" for _, line in lines} - {""}
        self.by_code = courses_by_code(line.values.get("course_code") or "" for _, line in lines)
        self.by_title: dict[str, list[TrainingCourse]] = {}
        for course in TrainingCourse.objects.filter(title__in=titles):
            self.by_title.setdefault(course.title, []).append(course)
        rows = TrainingRecord.objects.select_related("person")
        self.standing: dict[str, TrainingRecord] = {}
        for row in rows.filter(import_key__in=[key for key, _ in lines]):
            self.standing[row.import_key or ""] = row
        own = {
            pk: key for key, pk in own_ids(lines, self.own).items() if pk.isascii() and pk.isdigit() and len(pk) < 18
        }
        self.standing |= {own[str(pk)]: row for pk, row in rows.in_bulk([int(pk) for pk in own]).items()} if own else {}

    def plan_row(self, key: str, line: Line, batch: Batch) -> None:
        row = self.standing.get(key)
        values = self._values(line, row)
        person = self._person(key, line, row, batch)
        if person is None:
            return
        values["person_id"] = person.pk
        before = (row.person_id, row.course_id) if row is not None else (person.pk, None)
        if values["course_id"] is None:
            batch.free += 1
        record = row or TrainingRecord(origin=TrainingRecord.Origin.IMPORT, import_key=key)
        set_values(record, values, batch, new=row is None)
        # Unchanged ones too: an import that was killed before its counting is finished by running it again.
        batch.people |= {before[0], person.pk}
        batch.courses |= {pk for pk in (before[1], values["course_id"]) if pk is not None}

    def _person(self, key: str, line: Line, row: TrainingRecord | None, batch: Batch) -> Person | None:
        if key.startswith(OWN):
            return owner(row, line)
        match = self.people.find(key, line, line.values["starts_on"])
        if isinstance(match, str):
            batch.waiting.append(Waiting(key, line, match))
            return None
        batch.found[key] = match
        return match

    def _values(self, line: Line, row: TrainingRecord | None) -> dict[str, Any]:
        given = line.values
        course, free_title = self._course(line)
        values = {name: given[name] for name in self.same if name in given}
        values |= {"course_id": course.pk if course else None, "free_title": free_title}
        ends_on: date = given.get("ends_on") or (row.ends_on if row and "ends_on" not in given else given["starts_on"])
        values["ends_on"] = max(ends_on, given["starts_on"])
        if obligation := given.get("obligation") or (course.obligation if course and row is None else ""):
            values["obligation"] = obligation
        if given["status"] in TrainingRecord.FINISHED and values["ends_on"] > clock.today():
            raise RefusedLineError("status", "状況：まだ終わっていない研修です。終わりの日か状況を直してください。")
        return values

    def _course(self, line: Line) -> tuple[TrainingCourse | None, str]:
        code, title = line.values.get("course_code") or "", line.values.get("course_title") or ""
        if found_one := self.by_code.get(code) or self.by_code.get(one_width(code)):
            return found_one, ""
        if code and not title:
            raise RefusedLineError(
                "course_code", f"科目番号：「{code}」は目録にありません。目録に足すか、名称も入れてください。"
            )
        same_title = [] if code else self.by_title.get(title, [])
        offered = [course for course in same_title if not course.retired] or same_title
        if len(offered) > 1:
            raise RefusedLineError("course_title", "名称：同じ名前の研修が二つ以上あります。科目番号も入れてください。")
        return (offered[0], "") if offered else (None, title)

    def save(self, batch: Batch) -> None:
        for row in (*batch.new, *(row for row, _ in batch.changed)):
            row.fiscal_year = fiscal_year(row.starts_on)
        TrainingRecord.objects.bulk_create(batch.new)
        if batch.changed:
            names = {name for _, differing in batch.changed for name in differing} | {"fiscal_year"}
            TrainingRecord.objects.bulk_update([row for row, _ in batch.changed], sorted(_columns(names)))


def count(people: Iterable[int], courses: Iterable[int]) -> None:
    """Count these courses for the open assignments of these people. Called once an import, since it reads all facts."""
    versions = list(Step.objects.filter(course__in=list(courses)).values_list("version", flat=True).distinct())
    pks = sorted(people) if versions else []
    for start in range(0, len(pks), PEOPLE_AT_ONCE):
        some = pks[start : start + PEOPLE_AT_ONCE]
        sync_facts(Assignment.objects.open().filter(person__in=some, version__in=versions))


def _columns(names: Iterable[str]) -> set[str]:
    return {name.removesuffix("_id") for name in names}


class Completions(Loader):
    kind = Kind.COMPLETIONS
    own = f"{OWN}assignment:"

    def begin(self, lines: Keyed, known: Known) -> None:
        self.people = People(lines, known)
        ids = {line.values["path"] for _, line in lines}
        self.paths = {row.public_id: row for row in LearningPath.objects.filter(public_id__in=ids)}
        released = PathVersion.objects.filter(path__in=self.paths.values(), released_at__isnull=False)
        self.versions = {row.path_id: row for row in released.order_by("number")}  # the newest stays
        self.needed = {pk: shape.needed for pk, shape in outlines(v.pk for v in self.versions.values()).items()}
        rows = Assignment.objects.select_related("version", "person")
        self.standing: dict[str, Assignment] = {}
        for row in rows.filter(import_key__in=[key for key, _ in lines]):
            self.standing[row.import_key or ""] = row
        own = {uid: key for key, text in own_ids(lines, self.own).items() if (uid := _uid(text))}
        self.standing |= {own[row.uid]: row for row in rows.filter(uid__in=own)} if own else {}
        numbers = {person.pk for people in self.people.by_number.values() for person in people}
        started = Assignment.objects.open().filter(path__in=self.paths.values(), person__in=numbers)
        self.started = set(started.values_list("person_id", "path_id"))

    def plan_row(self, key: str, line: Line, batch: Batch) -> None:
        given, row = line.values, self.standing.get(key)
        path = self.paths.get(given["path"])
        version = row.version if row else self.versions.get(path.pk) if path else None
        if path is None or version is None:
            raise RefusedLineError(
                "path", "学習パスの管理番号：公開された学習パスがありません。番号を確かめてください。"
            )
        if given["completed_on"] > clock.today():
            raise RefusedLineError("completed_on", "修了日：先の日付です。日付を直してください。")
        if row is not None and row.state != AssignmentState.COMPLETED:
            raise RefusedLineError(
                "external_id", "この割当は修了ではありません。行を消すか、外部IDを空にしてください。"
            )
        person = owner(row, line) if key.startswith(OWN) else self.people.find(key, line, given["completed_on"])
        if isinstance(person, str):
            batch.waiting.append(Waiting(key, line, person))
            return
        if row is not None and (row.person_id, row.path_id) != (person.pk, path.pk):
            raise RefusedLineError("external_id", ANOTHERS)
        batch.found[key] = person
        batch.open_still += (person.pk, path.pk) in self.started
        values: dict[str, Any] = {"completed_on": given["completed_on"], "closed_on": given["completed_on"]}
        if row is not None:
            del values["closed_on"]
            if given.get("valid_until"):
                values["valid_until"] = given["valid_until"]
            if "completed_on" in set_values(row, values, batch, new=False):
                row.closed_on = row.completed_on
            return
        months = version.valid_months
        until = given.get("valid_until") or (given["completed_on"] + relativedelta(months=months) if months else None)
        assignment = Assignment(
            person=person, path=path, version=version, import_key=key, state=AssignmentState.COMPLETED
        )
        assignment.source, assignment.steps_needed = Source.OFFICE, self.needed.get(version.pk, 0)
        assignment.steps_done = assignment.steps_needed
        assignment.assigned_on = assignment.start_on = assignment.due_on = given["completed_on"]
        set_values(assignment, {**values, "valid_until": until}, batch, new=True)

    def save(self, batch: Batch) -> None:
        Assignment.objects.bulk_create(batch.new)
        stood_on = {row.version_id for row in batch.new}
        PathVersion.objects.filter(pk__in=stood_on, frozen_at__isnull=True).update(frozen_at=clock.now())
        if batch.changed:
            rows = [row for row, _ in batch.changed]
            Assignment.objects.bulk_update(rows, ["completed_on", "closed_on", "valid_until"])


def _uid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


LOADERS: Mapping[str, type[Loader]] = {loader.kind: loader for loader in (Courses, Records, Completions)}


def title_of(row: Model) -> str:
    """The title of a new or changed row in a report; never a person's name."""
    if isinstance(row, TrainingRecord):
        return f"{row.title}（{era_date(row.starts_on)}）"
    return str(row.path.title) if isinstance(row, Assignment) else str(row)
