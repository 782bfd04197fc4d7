"""学びの記録 (transcript): what one person finished, by fiscal year, and the items that they wrote from it.

Only the person sees it. For the readers who found an item useful it shows their number and units, never names. Fewer
than five readers are shown as 「5人未満」 (I15), and a unit of fewer than five people is shown as the unit above it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import groupby
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from imports.downloads import defused
from kb.models import Item, Reaction
from kb.models.items.states import State
from learning.models import Assignment, AssignmentState, Step, StepProgress, StepType, TrainingRecord
from learning.suppression import MIN_PEOPLE
from organization import clock
from organization.appointments import held_on
from organization.fiscal import fiscal_year, fiscal_year_label
from organization.models import Appointment, Person
from organization.units.tree import unit_tree

SHOWN_STATUSES = (*TrainingRecord.ATTENDED, TrainingRecord.Status.WAIVED)
HEADER = (
    "年度",
    "種別",
    "名称",
    "主催など",
    "始まり",
    "終わり",
    "時間",
    "状況",
    "有効期限",
    "修了証の番号",
    "所属長に見せる",
)


@dataclass(frozen=True)
class TranscriptEntry:
    """One completed or waived path, or one attended or waived training."""

    kind: str
    title: str
    starts_on: date
    ends_on: date
    standing: str
    shared: bool
    #: The uid of the Assignment or the pk of the TrainingRecord, for its address.
    key: UUID | int
    by: str = ""
    hours: Decimal | None = None
    expires_on: date | None = None
    certificate_no: str = ""

    @property
    def is_path(self) -> bool:
        return self.kind == "学習パス"

    @property
    def fiscal_year(self) -> int:
        return fiscal_year(self.ends_on if self.is_path else self.starts_on)


@dataclass(frozen=True)
class WrittenItem:
    """An item that the person wrote from their learning, with the readers who found it useful."""

    item: Item
    #: The title of the path or training that it was written for.
    source: str
    #: 「5人未満」, 「12人」, or empty.
    useful: str = ""
    units: tuple[str, ...] = ()


def entries(person: Person) -> list[TranscriptEntry]:
    """The entries of `person`, newest first. Two queries."""
    state = AssignmentState
    paths = Assignment.objects.filter(person=person, state__in=(state.COMPLETED, state.WAIVED))
    rows = [
        TranscriptEntry(
            "学習パス",
            row.path.title,
            row.start_on,
            row.closed_on or row.due_on,
            "有効期限切れ" if row.standing() == "expired" else str(row.get_state_display()),
            row.shared,
            row.uid,
            expires_on=row.valid_until,
        )
        for row in paths.select_related("path")
    ]
    rows += [
        TranscriptEntry(
            "研修",
            row.title,
            row.starts_on,
            row.ends_on,
            str(row.get_status_display()),
            row.shared,
            row.pk,
            by=row.organiser or (row.course.get_provider_display() if row.course else ""),
            hours=row.hours,
            expires_on=row.expires_on,
            certificate_no=row.certificate_no,
        )
        for row in TrainingRecord.objects.filter(person=person, status__in=SHOWN_STATUSES).select_related("course")
    ]
    return sorted(rows, key=lambda entry: (entry.fiscal_year, entry.ends_on, entry.title), reverse=True)


def entries_by_year(entries: Iterable[TranscriptEntry]) -> list[tuple[int, list[TranscriptEntry], Decimal]]:
    """(fiscal year, its entries, total hours of training); newest year first. `entries` must be sorted by year."""
    years = []
    for year, group in groupby(entries, key=lambda entry: entry.fiscal_year):
        year_entries = list(group)
        years.append((year, year_entries, sum((entry.hours or Decimal(0) for entry in year_entries), Decimal(0))))
    return years


def workbook(entries: Iterable[TranscriptEntry]) -> bytes:
    """The entries as xlsx. A cell that begins like a formula is stored as text."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "学びの記録"
    sheet.append(HEADER)
    for entry in entries:
        cells = (
            fiscal_year_label(entry.fiscal_year),
            entry.kind,
            entry.title,
            entry.by,
            entry.starts_on,
            entry.ends_on,
            entry.hours,
            entry.standing,
            entry.expires_on,
            entry.certificate_no,
            "はい" if entry.shared else "いいえ",
        )
        sheet.append([_cell(value) for value in cells])
    for column, width in zip("ABCDEFGHIJK", (12, 10, 40, 20, 12, 12, 8, 14, 12, 20, 14), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(value: object) -> object:
    return defused(ILLEGAL_CHARACTERS_RE.sub("", value)) if isinstance(value, str) else value


# --- Items written from learning -------------------------------------------------------------


def written_items(person: Person) -> list[WrittenItem]:
    """The items that `person` wrote for learning steps and as training reports, newest first. At most six queries."""
    writing = Step.objects.filter(uid=OuterRef("step_uid"), type=StepType.WRITE)
    steps = StepProgress.objects.filter(Exists(writing), assignment__person=person, item__isnull=False)
    origins = dict(steps.values_list("item_id", "assignment__path__title"))
    reports = TrainingRecord.objects.of(person).filter(report__isnull=False)
    origins |= {row.report_id: row.title for row in reports if row.report_id}
    items = Item.objects.filter(pk__in=origins, live=True).exclude(state=State.WITHDRAWN)
    items_written = list(items.select_related("content_type").newest())
    reactions: dict[int, list[int]] = {}
    for item_id, person_id in Reaction.objects.filter(item__in=items_written).values_list("item_id", "person_id"):
        if person_id != person.pk:
            reactions.setdefault(item_id, []).append(person_id)
    nameable = {pk for people in reactions.values() if len(people) >= MIN_PEOPLE for pk in people}
    units = _unit_names(nameable) if nameable else {}
    return [_written_item(item, origins[item.pk], reactions.get(item.pk, []), units) for item in items_written]


def _written_item(item: Item, source: str, people: list[int], units: dict[int, str]) -> WrittenItem:
    if not people:
        return WrittenItem(item, source)
    if len(people) < MIN_PEOPLE:
        return WrittenItem(item, source, f"{MIN_PEOPLE}人未満")
    unit_counts = Counter(units[pk] for pk in people if pk in units)
    return WrittenItem(item, source, f"{len(people)}人", tuple(sorted(unit_counts)))


def _unit_names(people: set[int]) -> dict[int, str]:
    """Maps the pk of each person to the name of the unit of their main post today.

    If fewer than five people work there, it is the name of the unit above (I15).
    """
    main_appointments = held_on(clock.today()).filter(kind=Appointment.Kind.MAIN)
    unit_by_person = dict(main_appointments.filter(person__in=people).values_list("person_id", "post__unit_id"))
    sizes = main_appointments.filter(post__unit__in=set(unit_by_person.values())).values("post__unit").order_by()
    staff = dict(
        sizes.annotate(n=Count("person", filter=Q(kind=Appointment.Kind.MAIN), distinct=True)).values_list(
            "post__unit", "n"
        )
    )
    tree = unit_tree()
    names = {}
    for person, unit in unit_by_person.items():
        above = next(iter(tree.ancestors(unit)), unit)
        names[person] = tree.name(unit if staff.get(unit, 0) >= MIN_PEOPLE else above)
    return names
