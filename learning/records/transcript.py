"""学びの記録 (transcript): what one person finished, by fiscal year; and what came of it. For that person alone.

Of who found something useful it tells the number and the units, never a person; under five people only that it
is under five (I15), and a unit of under five people by the unit above it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import groupby
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from imports.spreadsheets import defused
from kb.models import Item, Reaction
from kb.models.states import State
from learning.models import Assignment, AssignmentState, Step, StepProgress, StepType, TrainingRecord
from learning.suppression import MIN_PEOPLE
from organization import clock
from organization.fiscal import fiscal_year, fiscal_year_label
from organization.models import Appointment, Person
from organization.posts import held_on
from organization.tree import unit_tree

SHOWN = (*TrainingRecord.ATTENDED, TrainingRecord.Status.WAIVED)
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
class Line:
    kind: str
    title: str
    starts_on: date
    ends_on: date
    standing: str
    shared: bool
    #: The row that is shown: an Assignment's uid or a TrainingRecord's pk.
    key: Any
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
class Outcome:
    """Something I wrote from my learning, and who found it useful."""

    item: Item
    because: str
    #: 「5人未満」, 「12人」, or nothing.
    useful: str = ""
    units: tuple[str, ...] = ()


def lines(person: Person) -> list[Line]:
    """Newest first; two queries."""
    state = AssignmentState
    paths = Assignment.objects.filter(person=person, state__in=(state.COMPLETED, state.WAIVED))
    rows = [
        Line(
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
        Line(
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
        for row in TrainingRecord.objects.filter(person=person, status__in=SHOWN).select_related("course")
    ]
    return sorted(rows, key=lambda line: (line.fiscal_year, line.ends_on, line.title), reverse=True)


def by_year(lines: Iterable[Line]) -> list[tuple[int, list[Line], Decimal]]:
    """(fiscal year, its lines, hours of training in all), the newest year first."""
    years = []
    for year, group in groupby(lines, key=lambda line: line.fiscal_year):
        mine = list(group)
        years.append((year, mine, sum((line.hours or Decimal(0) for line in mine), Decimal(0))))
    return years


def workbook(lines: Iterable[Line]) -> bytes:
    """The lines as xlsx; a cell that begins like a formula is text."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "学びの記録"
    sheet.append(HEADER)
    for line in lines:
        cells = (
            fiscal_year_label(line.fiscal_year),
            line.kind,
            line.title,
            line.by,
            line.starts_on,
            line.ends_on,
            line.hours,
            line.standing,
            line.expires_on,
            line.certificate_no,
            "はい" if line.shared else "いいえ",
        )
        sheet.append([_cell(value) for value in cells])
    for column, width in zip("ABCDEFGHIJK", (12, 10, 40, 20, 12, 12, 8, 14, 12, 20, 14), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(value: Any) -> Any:
    return defused(ILLEGAL_CHARACTERS_RE.sub("", value)) if isinstance(value, str) else value


# --- What came of it -------------------------------------------------------------------------


def outcomes(person: Person) -> list[Outcome]:
    """What I wrote in learning steps and as reports of training, newest first; at most six queries."""
    writing = Step.objects.filter(uid=OuterRef("step_uid"), type=StepType.WRITE)
    steps = StepProgress.objects.filter(Exists(writing), assignment__person=person, item__isnull=False)
    because = dict(steps.values_list("item_id", "assignment__path__title"))
    reports = TrainingRecord.objects.of(person).filter(report__isnull=False)
    because |= {row.report_id: row.title for row in reports if row.report_id}
    items = Item.objects.filter(pk__in=because, live=True).exclude(state=State.WITHDRAWN)
    mine = list(items.select_related("content_type").newest())
    pressed: dict[int, list[int]] = {}
    for item_id, person_id in Reaction.objects.filter(item__in=mine).values_list("item_id", "person_id"):
        if person_id != person.pk:
            pressed.setdefault(item_id, []).append(person_id)
    many = {pk for people in pressed.values() if len(people) >= MIN_PEOPLE for pk in people}
    units = _unit_names(many) if many else {}
    return [_outcome(item, because[item.pk], pressed.get(item.pk, []), units) for item in mine]


def _outcome(item: Item, because: str, people: list[int], units: dict[int, str]) -> Outcome:
    if not people:
        return Outcome(item, because)
    if len(people) < MIN_PEOPLE:
        return Outcome(item, because, f"{MIN_PEOPLE}人未満")
    named = Counter(units[pk] for pk in people if pk in units)
    return Outcome(item, because, f"{len(people)}人", tuple(sorted(named)))


def _unit_names(people: set[int]) -> dict[int, str]:
    """By pk of a person: the unit of today's main post, or what is above it where under five people work there."""
    held = held_on(clock.today()).filter(kind=Appointment.Kind.MAIN)
    where = dict(held.filter(person__in=people).values_list("person_id", "post__unit_id"))
    sizes = held.filter(post__unit__in=set(where.values())).values("post__unit").order_by()
    staff = dict(
        sizes.annotate(n=Count("person", filter=Q(kind=Appointment.Kind.MAIN), distinct=True)).values_list(
            "post__unit", "n"
        )
    )
    tree = unit_tree()
    names = {}
    for person, unit in where.items():
        above = next(iter(tree.ancestors(unit)), unit)
        names[person] = tree.name(unit if staff.get(unit, 0) >= MIN_PEOPLE else above)
    return names
