"""Rows that wait for their person: kept by an import, then resolved by the office or dropped with a reason.

Resolving imports the row in the same transaction, and every other waiting row of the source with the same number;
the source knows the number from then on. Never names a person by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from imports.cells import CellError
from learning.access import permissions
from learning.imports.loaders import LOADERS, count
from learning.imports.matching import Known
from learning.imports.rows import Waiting, from_plain, plain
from learning.models import TrainingSource, UnmatchedRow
from organization import audit, clock
from organization.models import Person, User

State = UnmatchedRow.State
DECIDED = "この行は、もう決まっています。一覧を開き直してください。"


def known(source: TrainingSource, keys: Iterable[str]) -> Known:
    """The people that the office has named for this source, by row and by number; the latest decision wins."""
    if source.pk is None:
        return Known()
    rows = UnmatchedRow.objects.resolved().filter(source=source).order_by("closed_at", "pk")
    return Known(
        dict(rows.filter(import_key__in=list(keys)).values_list("import_key", "resolved_person")),
        dict(rows.values_list("staff_no", "resolved_person")),
    )


def dropped(keys: Iterable[str]) -> set[str]:
    """The keys whose rows the office has dropped."""
    rows = UnmatchedRow.objects.filter(import_key__in=list(keys), state=State.DROPPED)
    return set(rows.values_list("import_key", flat=True))


def keep(waiting: Sequence[Waiting], source: TrainingSource) -> None:
    """Store the waiting rows, each once; one that waits already is updated from the newest file."""
    rows = [
        UnmatchedRow(
            source=source,
            kind=source.kind,
            import_key=wait.key,
            staff_no=wait.line.values["staff_no"],
            name=wait.line.values.get("name") or "",
            data=plain(wait.line.values),
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


def resolve_found(people: Mapping[str, Person]) -> None:
    """Resolve waiting rows whose person the directory knows by now."""
    for row in UnmatchedRow.objects.open().filter(import_key__in=list(people)):
        row.state, row.resolved_person, row.closed_at = State.RESOLVED, people[row.import_key], clock.now()
        row.save()


def candidates(words: str, *, limit: int = 20) -> list[Person]:
    """People by number, name or reading, for the office to choose from."""
    words = words.replace("\x00", "").strip()[:60]
    if not words:
        return []
    by_number = Person.objects.filter(staff_no__startswith=words)
    by_name = Person.objects.filter(name__contains=words) | Person.objects.filter(kana__startswith=words)
    return list((by_number | by_name).distinct().order_by("left_on", "kana", "pk")[:limit])


@transaction.atomic
def resolve(*, row: UnmatchedRow, person: Person, by: User) -> int:
    """Import the row, and the source's others with its number, as this person's. Returns the number of rows.

    Raises ValidationError where the row is decided already, or cannot be taken for another reason.
    """
    _check(by)
    first = _open(row)
    same = UnmatchedRow.objects.open().filter(source=first.source, staff_no=first.staff_no).exclude(pk=first.pk)
    rows = [first, *same.select_for_update()]
    try:
        lines = [(waiting.import_key, from_plain(waiting.kind, waiting.data)) for waiting in rows]
    except CellError as error:
        raise ValidationError(f"この行は取り込めません。{error}", code="unreadable_row") from error
    loader = LOADERS[first.kind]()
    batch = loader.plan(lines, Known(keys=dict.fromkeys((waiting.import_key for waiting in rows), person.pk)))
    if batch.refused:
        raise ValidationError(f"取り込めません。{batch.refused[0].reason}", code="refused_row")
    loader.save(batch)
    count(batch.people, batch.courses)
    for waiting in rows:
        waiting.state, waiting.resolved_person = State.RESOLVED, person
        waiting.closed_by, waiting.closed_at = by, clock.now()
        waiting.save()
    audit.record(actor=by, action="training_row.resolved", obj=first, after={"person": person.uid, "rows": len(rows)})
    return len(rows)


@transaction.atomic
def drop(*, row: UnmatchedRow, reason: str, by: User) -> None:
    """Never import this row; later files of the source do not ask again."""
    _check(by)
    first = _open(row)
    if not reason.strip():
        raise ValidationError("取り込まないわけを書いてください。後で確かめる人のためです。", code="reason_required")
    if len(reason) > 300:
        raise ValidationError(
            f"わけは300文字までです。{len(reason) - 300}文字けずってください。", code="reason_too_long"
        )
    first.state, first.closing_reason, first.closed_by, first.closed_at = State.DROPPED, reason.strip(), by, clock.now()
    first.save()
    audit.record(actor=by, action="training_row.dropped", obj=first, reason=reason.strip())


def _check(by: User) -> None:
    if not permissions.is_office(by):
        raise PermissionDenied


def _open(row: UnmatchedRow) -> UnmatchedRow:
    locked = UnmatchedRow.objects.select_for_update().select_related("source").get(pk=row.pk)
    if locked.state != State.OPEN:
        raise ValidationError(DECIDED, code="already_decided")
    return locked
