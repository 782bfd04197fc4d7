"""Loads the rows of each kind: compares them with the stored rows and writes them, in a fixed number of queries a batch.

`plan` writes nothing; `save` writes the planned batch in the caller's transaction; `count_courses` then lets the records
count for the paths of their people. Courses are saved one by one, because search is informed by their save signal.
Records and completions are saved in bulk, because no signal is needed. Columns without a field in the file (reports,
use plans, sharing) are never changed.
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
from imports.downloads import without_controls
from imports.report import Refusal
from learning.imports.fields import one_width
from learning.imports.matching import KnownPeople, PersonMatcher
from learning.imports.rows import OWN_PREFIX, ImportLine, WaitingLine
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
from organization.fiscal import fiscal_year
from organization.japanese_dates import era_date
from organization.models import Person

ROW_GONE = "この行は、書き出した後になくなっています。外部IDを空にすると、新しい行として取り込みます。"
PEOPLE_AT_ONCE = 500
OTHER_PERSON = "この外部IDは、別の人の行です。書き出したときの職員番号に戻してください。"


class RefusedLineError(Exception):
    """The line is refused; `name` is the field that has to be corrected."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


@dataclass
class Batch:
    """The planned changes of a batch of lines. `matched` has the matched people by key."""

    new: list[Any] = field(default_factory=list)
    changed: list[tuple[Any, list[str]]] = field(default_factory=list)
    unchanged: int = 0
    waiting: list[WaitingLine] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    matched: dict[str, Person] = field(default_factory=dict)
    #: Courses and people, old and new, whose assignments have to be recalculated.
    courses: set[int] = field(default_factory=set)
    people: set[int] = field(default_factory=set)
    #: Rows with a course that is not in the catalogue; completions of people who still have the path open.
    free: int = 0
    open_still: int = 0
    #: Waiting lines that the office has dropped.
    dropped: int = 0

    def set_aside(self, keys: Collection[str]) -> None:
        """Remove the lines with these keys from the waiting lines, because the office dropped them earlier."""
        waiting = [wait for wait in self.waiting if wait.key not in keys]
        self.dropped, self.waiting = len(self.waiting) - len(waiting), waiting


KeyedLines = Sequence[tuple[str, ImportLine]]


class Loader:
    """Base of the three loaders: plans each line of a batch and collects the refusals."""

    kind: ClassVar[str]

    def plan(self, lines: KeyedLines, known: KnownPeople) -> Batch:
        batch = Batch()
        self.begin(lines, known)
        for key, line in lines:
            try:
                self.plan_row(key, line, batch)
            except RefusedLineError as error:
                batch.refused.append(line.refused(error.name, str(error)))
        return batch

    def begin(self, lines: KeyedLines, known: KnownPeople) -> None:
        raise NotImplementedError

    def plan_row(self, key: str, line: ImportLine, batch: Batch) -> None:
        raise NotImplementedError

    def save(self, batch: Batch) -> None:
        raise NotImplementedError


def set_values(row: Any, values: Mapping[str, Any], batch: Batch, *, new: bool) -> list[str]:
    """Set `values` on the row and add it to the batch as new, changed or unchanged. Returns the names that differed."""
    differing = [name for name, value in values.items() if _as_exported(getattr(row, name)) != value]
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


def _as_exported(value: Any) -> Any:
    """The stored value as an export would write it, so that an unchanged cell counts as unchanged."""
    return cells.trimmed(without_controls(value)) if isinstance(value, str) else value


def courses_by_code(codes: Iterable[str]) -> dict[str, TrainingCourse]:
    """Maps each code to its course. A code is found as it is written, or after `one_width`."""
    spellings = {form for code in codes if code for form in (code, one_width(code))}
    return {row.code: row for row in TrainingCourse.objects.filter(code__in=spellings)}


class Courses(Loader):
    kind = Kind.COURSES

    def begin(self, lines: KeyedLines, known: KnownPeople) -> None:
        self.existing = courses_by_code(line.values["code"] for _, line in lines)

    def plan_row(self, key: str, line: ImportLine, batch: Batch) -> None:
        code = line.values["code"]
        row = self.existing.get(code) or self.existing.get(one_width(code))
        keep_if_empty = ("provider", "type", "obligation")
        values = {name: value for name, value in line.values.items() if value != "" or name not in keep_if_empty}
        values["code"] = row.code if row else one_width(code)
        set_values(row or TrainingCourse(), values, batch, new=row is None)

    def save(self, batch: Batch) -> None:
        for row in (*batch.new, *(row for row, _ in batch.changed)):
            row.save()


def external_ids_of(lines: KeyedLines, prefix: str) -> dict[str, str]:
    """Maps the key of each row from our own export to the id in its external id. `prefix` is that of the kind."""
    return {key: key.removeprefix(prefix) for key, _ in lines if key.startswith(prefix)}


def exported_person(row: TrainingRecord | Assignment | None, line: ImportLine) -> Person:
    """The person of an exported row, also if the staff number belongs to another person by now.

    Raises RefusedLineError if the row is gone or the staff number was changed in the file.
    """
    if row is None:
        raise RefusedLineError("external_id", ROW_GONE)
    if str(line.values["staff_no"]).lstrip("0") != row.person.staff_no.lstrip("0"):
        raise RefusedLineError("external_id", OTHER_PERSON)
    return row.person


class Records(Loader):
    kind = Kind.RECORDS
    own = f"{OWN_PREFIX}record:"
    same = ("organiser", "starts_on", "hours", "status", "score", "certificate_no", "expires_on")

    def begin(self, lines: KeyedLines, known: KnownPeople) -> None:
        self.people = PersonMatcher(lines, known)
        titles = {line.values.get("course_title") or "" for _, line in lines} - {""}
        self.by_code = courses_by_code(line.values.get("course_code") or "" for _, line in lines)
        self.by_title: dict[str, list[TrainingCourse]] = {}
        for course in TrainingCourse.objects.filter(title__in=titles):
            self.by_title.setdefault(course.title, []).append(course)
        rows = TrainingRecord.objects.select_related("person")
        self.existing: dict[str, TrainingRecord] = {}
        for row in rows.filter(import_key__in=[key for key, _ in lines]):
            self.existing[row.import_key or ""] = row
        key_by_pk = {
            pk: key
            for key, pk in external_ids_of(lines, self.own).items()
            if pk.isascii() and pk.isdigit() and len(pk) < 18
        }
        self.existing |= (
            {key_by_pk[str(pk)]: row for pk, row in rows.in_bulk([int(pk) for pk in key_by_pk]).items()}
            if key_by_pk
            else {}
        )

    def plan_row(self, key: str, line: ImportLine, batch: Batch) -> None:
        row = self.existing.get(key)
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
        # Unchanged rows too, so that running the import again completes one that was killed before `count_courses`.
        batch.people |= {before[0], person.pk}
        batch.courses |= {pk for pk in (before[1], values["course_id"]) if pk is not None}

    def _person(self, key: str, line: ImportLine, row: TrainingRecord | None, batch: Batch) -> Person | None:
        if key.startswith(OWN_PREFIX):
            return exported_person(row, line)
        match = self.people.find(key, line, line.values["starts_on"])
        if isinstance(match, str):
            batch.waiting.append(WaitingLine(key, line, match))
            return None
        batch.matched[key] = match
        return match

    def _values(self, line: ImportLine, row: TrainingRecord | None) -> dict[str, Any]:
        line_values = line.values
        course, free_title = self._course(line)
        values = {name: line_values[name] for name in self.same if name in line_values}
        values |= {"course_id": course.pk if course else None, "free_title": free_title}
        ends_on: date = line_values.get("ends_on") or (
            row.ends_on if row and "ends_on" not in line_values else line_values["starts_on"]
        )
        values["ends_on"] = max(ends_on, line_values["starts_on"])
        if obligation := line_values.get("obligation") or (course.obligation if course and row is None else ""):
            values["obligation"] = obligation
        if line_values["status"] in TrainingRecord.FINISHED and values["ends_on"] > clock.today():
            raise RefusedLineError("status", "状況：まだ終わっていない研修です。終わりの日か状況を直してください。")
        return values

    def _course(self, line: ImportLine) -> tuple[TrainingCourse | None, str]:
        code, title = line.values.get("course_code") or "", line.values.get("course_title") or ""
        if course := self.by_code.get(code) or self.by_code.get(one_width(code)):
            return course, ""
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


def count_courses(people: Iterable[int], courses: Iterable[int]) -> None:
    """Count these courses for the open assignments of these people. Called once an import, because it loads all facts."""
    versions = list(Step.objects.filter(course__in=list(courses)).values_list("version", flat=True).distinct())
    pks = sorted(people) if versions else []
    for start in range(0, len(pks), PEOPLE_AT_ONCE):
        chunk = pks[start : start + PEOPLE_AT_ONCE]
        sync_facts(Assignment.objects.open().filter(person__in=chunk, version__in=versions))


def _columns(names: Iterable[str]) -> set[str]:
    return {name.removesuffix("_id") for name in names}


class Completions(Loader):
    kind = Kind.COMPLETIONS
    own = f"{OWN_PREFIX}assignment:"

    def begin(self, lines: KeyedLines, known: KnownPeople) -> None:
        self.people = PersonMatcher(lines, known)
        ids = {line.values["path"] for _, line in lines}
        self.paths = {row.public_id: row for row in LearningPath.objects.filter(public_id__in=ids)}
        released = PathVersion.objects.filter(path__in=self.paths.values(), released_at__isnull=False)
        self.versions = {row.path_id: row for row in released.order_by("number")}  # the newest stays
        self.needed = {pk: shape.needed for pk, shape in outlines(v.pk for v in self.versions.values()).items()}
        rows = Assignment.objects.select_related("version", "person")
        self.existing: dict[str, Assignment] = {}
        for row in rows.filter(import_key__in=[key for key, _ in lines]):
            self.existing[row.import_key or ""] = row
        key_by_uid = {uid: key for key, text in external_ids_of(lines, self.own).items() if (uid := _uid(text))}
        self.existing |= {key_by_uid[row.uid]: row for row in rows.filter(uid__in=key_by_uid)} if key_by_uid else {}
        person_pks = {person.pk for people in self.people.by_number.values() for person in people}
        started = Assignment.objects.open().filter(path__in=self.paths.values(), person__in=person_pks)
        self.started = set(started.values_list("person_id", "path_id"))

    def plan_row(self, key: str, line: ImportLine, batch: Batch) -> None:
        line_values, row = line.values, self.existing.get(key)
        path = self.paths.get(line_values["path"])
        version = row.version if row else self.versions.get(path.pk) if path else None
        if path is None or version is None:
            raise RefusedLineError(
                "path", "学習パスの管理番号：公開された学習パスがありません。番号を確かめてください。"
            )
        if line_values["completed_on"] > clock.today():
            raise RefusedLineError("completed_on", "修了日：先の日付です。日付を直してください。")
        if row is not None and row.state != AssignmentState.COMPLETED:
            raise RefusedLineError(
                "external_id", "この割当は修了ではありません。行を消すか、外部IDを空にしてください。"
            )
        person = (
            exported_person(row, line)
            if key.startswith(OWN_PREFIX)
            else self.people.find(key, line, line_values["completed_on"])
        )
        if isinstance(person, str):
            batch.waiting.append(WaitingLine(key, line, person))
            return
        if row is not None and (row.person_id, row.path_id) != (person.pk, path.pk):
            raise RefusedLineError("external_id", OTHER_PERSON)
        batch.matched[key] = person
        batch.open_still += (person.pk, path.pk) in self.started
        values: dict[str, Any] = {"completed_on": line_values["completed_on"], "closed_on": line_values["completed_on"]}
        if row is not None:
            del values["closed_on"]
            if line_values.get("valid_until"):
                values["valid_until"] = line_values["valid_until"]
            if "completed_on" in set_values(row, values, batch, new=False):
                row.closed_on = row.completed_on
            return
        months = version.valid_months
        until = line_values.get("valid_until") or (
            line_values["completed_on"] + relativedelta(months=months) if months else None
        )
        assignment = Assignment(
            person=person, path=path, version=version, import_key=key, state=AssignmentState.COMPLETED
        )
        assignment.source, assignment.steps_needed = Source.OFFICE, self.needed.get(version.pk, 0)
        assignment.steps_done = assignment.steps_needed
        assignment.assigned_on = assignment.start_on = assignment.due_on = line_values["completed_on"]
        set_values(assignment, {**values, "valid_until": until}, batch, new=True)

    def save(self, batch: Batch) -> None:
        Assignment.objects.bulk_create(batch.new)
        used_versions = {row.version_id for row in batch.new}
        PathVersion.objects.filter(pk__in=used_versions, frozen_at__isnull=True).update(frozen_at=clock.now())
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
    """The title of a new or changed row for a report, without the name of a person."""
    if isinstance(row, TrainingRecord):
        return f"{row.title}（{era_date(row.starts_on)}）"
    return str(row.path.title) if isinstance(row, Assignment) else str(row)
