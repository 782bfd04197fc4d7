"""Rows whose person is unknown: an import stores them, and the office assigns a person or drops them with a reason.

Assigning a person imports the row in the same transaction, and every other waiting row of the source with the same staff
number. From then on, the source knows the number. No person is guessed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from imports.cells import CellError
from learning.access import permissions
from learning.imports.loaders import LOADERS, count_courses
from learning.imports.matching import KnownPeople
from learning.imports.rows import WaitingLine, from_json, to_json
from learning.models import TrainingSource, UnmatchedRow
from organization import audit, clock
from organization.models import Person, User

State = UnmatchedRow.State
DECIDED = "この行は、もう決まっています。一覧を開き直してください。"


def known_people(source: TrainingSource, keys: Iterable[str]) -> KnownPeople:
    """The people that the office has assigned for this source, by row and by staff number. The latest decision wins."""
    if source.pk is None:
        return KnownPeople()
    rows = UnmatchedRow.objects.resolved().filter(source=source).order_by("closed_at", "pk")
    return KnownPeople(
        dict(rows.filter(import_key__in=list(keys)).values_list("import_key", "resolved_person")),
        dict(rows.values_list("staff_no", "resolved_person")),
    )


def dropped_keys(keys: Iterable[str]) -> set[str]:
    """The keys whose rows the office has dropped."""
    rows = UnmatchedRow.objects.filter(import_key__in=list(keys), state=State.DROPPED)
    return set(rows.values_list("import_key", flat=True))


def store_waiting(waiting: Sequence[WaitingLine], source: TrainingSource) -> None:
    """Store the waiting rows. A row that is stored already is updated from the newest file."""
    rows = [
        UnmatchedRow(
            source=source,
            kind=source.kind,
            import_key=wait.key,
            staff_no=wait.line.values["staff_no"],
            name=wait.line.values.get("name") or "",
            data=to_json(wait.line.values),
            reason=wait.reason[:300],
        )
        for wait in waiting
    ]
    UnmatchedRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["import_key"],
        update_fields=["staff_no", "name", "data", "reason", "state"],
    )


def resolve_matched(people: Mapping[str, Person]) -> None:
    """Resolve the waiting rows whose person was matched meanwhile. `people` is by key of the row."""
    for row in UnmatchedRow.objects.open().filter(import_key__in=list(people)):
        row.state, row.resolved_person, row.closed_at = State.RESOLVED, people[row.import_key], clock.now()
        row.save()


def candidates(words: str, *, limit: int = 20) -> list[Person]:
    """The people from whom the office can choose, found by staff number, name or kana."""
    words = words.replace("\x00", "").strip()[:60]
    if not words:
        return []
    by_number = Person.objects.filter(staff_no__startswith=words)
    by_name = Person.objects.filter(name__contains=words) | Person.objects.filter(kana__startswith=words)
    return list((by_number | by_name).distinct().order_by("left_on", "kana", "pk")[:limit])


@transaction.atomic
def resolve(*, row: UnmatchedRow, person: Person, by: User) -> int:
    """Import the row, and the source's other rows with the same staff number, for this person. Returns the number of rows.

    Raises PermissionDenied, and ValidationError (already_decided, unreadable_row, refused_row).
    """
    _require_office(by)
    first = _lock_open(row)
    same = UnmatchedRow.objects.open().filter(source=first.source, staff_no=first.staff_no).exclude(pk=first.pk)
    rows = [first, *same.select_for_update()]
    try:
        lines = [(waiting.import_key, from_json(waiting.kind, waiting.data)) for waiting in rows]
    except CellError as error:
        raise ValidationError(f"この行は取り込めません。{error}", code="unreadable_row") from error
    loader = LOADERS[first.kind]()
    batch = loader.plan(lines, KnownPeople(keys=dict.fromkeys((waiting.import_key for waiting in rows), person.pk)))
    if batch.refused:
        raise ValidationError(f"取り込めません。{batch.refused[0].reason}", code="refused_row")
    loader.save(batch)
    count_courses(batch.people, batch.courses)
    for waiting in rows:
        waiting.state, waiting.resolved_person = State.RESOLVED, person
        waiting.closed_by, waiting.closed_at = by, clock.now()
        waiting.save()
    audit.record(actor=by, action="training_row.resolved", obj=first, after={"person": person.uid, "rows": len(rows)})
    return len(rows)


@transaction.atomic
def drop(*, row: UnmatchedRow, reason: str, by: User) -> None:
    """Never import this row, also not from later files.

    Raises PermissionDenied, and ValidationError (already_decided, reason_required, reason_too_long).
    """
    _require_office(by)
    first = _lock_open(row)
    if not reason.strip():
        raise ValidationError("取り込まないわけを書いてください。後で確かめる人のためです。", code="reason_required")
    if len(reason) > 300:
        raise ValidationError(
            f"わけは300文字までです。{len(reason) - 300}文字けずってください。", code="reason_too_long"
        )
    first.state, first.closing_reason, first.closed_by, first.closed_at = State.DROPPED, reason.strip(), by, clock.now()
    first.save()
    audit.record(actor=by, action="training_row.dropped", obj=first, reason=reason.strip())


def _require_office(by: User) -> None:
    if not permissions.is_office(by):
        raise PermissionDenied


def _lock_open(row: UnmatchedRow) -> UnmatchedRow:
    locked = UnmatchedRow.objects.select_for_update().select_related("source").get(pk=row.pk)
    if locked.state != State.OPEN:
        raise ValidationError(DECIDED, code="already_decided")
    return locked
