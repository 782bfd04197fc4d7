"""The dashboard of 研修担当 (catalogue, rules, due and overdue by department, M13, M14) and the rows behind its numbers.

For the training office only; everybody else gets 404. Metrics are defined in ``learning.office.metrics`` and computed
in ``learning.office.dashboard``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.http import urlencode

from imports.downloads import FORMATS, Sheet, as_file
from kb.models.items.states import State
from learning.access.decorators import office_only
from learning.cache import figure_cache
from learning.models import STANDINGS, Assignment, LearningPath, Stage, TrainingCourse, UnmatchedRow
from learning.office import dashboard, metrics
from learning.office.charts import chart
from learning.suppression import HIDDEN_TEXT
from organization import clock
from organization.audience import Audience
from organization.fiscal import fiscal_year, fiscal_year_label
from organization.japanese_dates import era_month
from organization.units.tree import UnitTree, unit_tree

PAGE_SIZE = 50
BY_DATE = "日付の順に並べています。人に順位は付けません。"
NOWHERE_LABEL = "今日、本務の職がない人"


def rows_url(name: str, **parameters: str) -> str:
    return f"{reverse('training_rows')}?{urlencode({'measure': name, **parameters})}"


# --- The page --------------------------------------------------------------------------------


@office_only
def office_page(request: HttpRequest) -> HttpResponse:
    today = clock.today()
    numbers = dashboard.figures()
    tree = unit_tree(today)
    context = {
        "today": today,
        "year": fiscal_year_label(fiscal_year(today)),
        "catalogue": [*_courses(), *_paths()],
        "waiting": _waiting(numbers),
        "departments": [_department(row, tree) for row in numbers.departments],
        "total": _department(numbers.total, tree),
        "columns": [metrics.MEASURES[name].label for name in dashboard.COLUMNS],
        "completion": _series_context(
            numbers.completion, ("due", "done", "waived"), ("期限が来た", "期限までに完了", "免除")
        ),
        "use": {
            **_series_context(numbers.use, ("asked", "used", "answered"), ("尋ねた", "使った・一部使った", "答えた")),
            "answered": numbers.use.year.beside_percent,
        },
        "rules": [
            {"rule": rule, "matched": numbers.matched.get(rule.pk), "given": rule.given}
            for rule in dashboard.rules_on(today)
        ],
        "hidden_text": HIDDEN_TEXT,
    }
    return render(request, "learning/office.html", context)


def office_paths() -> QuerySet[LearningPath]:
    """The paths of all units and stages, except withdrawn ones and those that only their author may read."""
    return LearningPath.objects.exclude(audience=Audience.SELF).exclude(state=State.WITHDRAWN)


def _courses() -> list[dict[str, Any]]:
    counts = dict(TrainingCourse.objects.order_by().values_list("retired").annotate(n=Count("pk")))
    kinds = ((False, "courses", "目録の研修"), (True, "courses_retired", "終了した研修"))
    return [
        {"label": label, "value": counts.get(retired, 0), "unit": "件", "url": rows_url(name)}
        for retired, name, label in kinds
    ]


def _paths() -> list[dict[str, Any]]:
    counts = dict(office_paths().order_by().values_list("stage").annotate(n=Count("pk")))
    return [
        {"label": f"学習パス：{label}", "value": counts.get(stage, 0), "unit": "件", "url": rows_url(f"paths_{stage}")}
        for stage, label in Stage.choices
    ]


def _waiting(numbers: dashboard.Figures) -> list[dict[str, Any]]:
    entries = [
        {
            "label": "研修報告の期限を過ぎた受講",
            "value": numbers.reflections,
            "url": rows_url("reflection"),
            "note": "派遣・指名で、終わりから14日を過ぎたもの",
        },
        {
            "label": "「使いましたか」に答えのない受講",
            "value": numbers.unanswered,
            "url": rows_url("unanswered"),
            "note": "終わりから90日を過ぎたもの",
        },
    ]
    unmatched, note = UnmatchedRow.objects.open().count(), "取込みで、職員や研修が見つからなかったもの"
    entries.append({"label": "確かめる行", "value": unmatched, "url": reverse("training_unmatched"), "note": note})
    return [{"unit": "件", **row} for row in entries]


def department_name(tree: UnitTree, unit_id: int) -> str:
    return tree.name(unit_id) if unit_id != dashboard.NOWHERE else NOWHERE_LABEL


def _department(row: dashboard.Department, tree: UnitTree) -> dict[str, Any]:
    key = tree.uid(row.unit_id) if row.unit_id != dashboard.NOWHERE else "none"
    numbers = list(zip(dashboard.COLUMNS, row.numbers, strict=True))
    cells = [(number, rows_url(name, department=key)) for name, number in numbers]
    everywhere = [(number, rows_url(name)) for name, number in numbers]
    return {
        "name": department_name(tree, row.unit_id),
        "people": row.people,
        "cells": cells,
        "everywhere": everywhere,
        "hidden": row.hidden,
    }


def _series_context(line: dashboard.Series, names: Sequence[str], heads: Sequence[str]) -> dict[str, Any]:
    """The share of the year, and one row for each month with links to the counted rows."""

    def cells(share: dashboard.Share, **parameters: str) -> list[tuple[int, str]]:
        numbers = (share.whole, share.part, share.beside)
        return [(number, rows_url(name, **parameters)) for number, name in zip(numbers, names, strict=True)]

    months = [
        {"month": month, "share": share, "cells": cells(share, month=f"{month:%Y-%m}")}
        for month, share in line.months.items()
    ]
    shares = list(line.months.values())
    return {
        "heads": heads,
        "year": line.year,
        "cells": cells(line.year),
        "months": months,
        "chart": chart(list(line.months), [share.percent for share in shares]),
    }


# --- The rows behind a number ----------------------------------------------------------------


@dataclass(frozen=True)
class RowsRequest:
    """The validated request for the rows behind one number."""

    name: str
    rows: QuerySet[Any]
    label: str
    parameters: dict[str, str]


@office_only
def rows_page(request: HttpRequest) -> HttpResponseBase:
    rows_request = _rows_request(request)
    file_format = request.GET.get("format", "")
    if file_format in FORMATS:
        table = _table(rows_request.name, _with_related(rows_request, rows_request.rows).iterator(chunk_size=2000))
        return as_file(file_format, f"training-{rows_request.name}", Sheet("一覧", _header(rows_request.name), table))
    # The view that a row links to with its first cell; rows of people have no link.
    opens = {"courses": "course", "paths": "path_build"}.get(rows_request.name.split("_")[0], "")
    pages = Paginator(rows_request.rows.values_list("pk", flat=True), PAGE_SIZE)
    pages.count = figure_cache.cached(("rows", *sorted(rows_request.parameters.items())), rows_request.rows.count)
    page = pages.get_page(request.GET.get("page"))
    # Select the page's pks first: the department is then looked up for one page of people, not for all.
    matching = _with_related(rows_request, rows_request.rows.filter(pk__in=list(page.object_list)))
    context = {
        "label": rows_request.label,
        "order": "名前の順に並べています。"
        if opens == "path_build"
        else "科目番号の順に並べています。"
        if opens
        else BY_DATE,
        "opens": opens,
        "header": _header(rows_request.name),
        "rows": list(_table(rows_request.name, matching)),
        "page": page,
        "query": urlencode(rows_request.parameters),
    }
    return render(request, "learning/office_rows.html", context)


def _rows_request(request: HttpRequest) -> RowsRequest:
    name, parameters = request.GET.get("measure", ""), {"measure": request.GET.get("measure", "")}
    if name in ("courses", "courses_retired"):
        label = "終了した研修" if name == "courses_retired" else "目録の研修"
        rows: QuerySet[Any] = TrainingCourse.objects.filter(retired=name == "courses_retired").order_by("code")
        return RowsRequest(name, rows, label, parameters)
    if name.startswith("paths_") and (stage := name.removeprefix("paths_")) in Stage.values:
        rows = office_paths().filter(stage=stage).order_by("title", "pk")
        return RowsRequest(name, rows, f"学習パス：{Stage(stage).label}", parameters)
    if name not in metrics.MEASURES:
        raise Http404
    today, measure = clock.today(), metrics.MEASURES[name]
    label, month, numbers = measure.label, None, dashboard.figures()
    line = numbers.use if measure.of_records else numbers.completion
    if value := request.GET.get("month", ""):
        month = _month(value, today)
        if not measure.spanned or month not in line.months or line.months[month].people_few:
            raise Http404
        parameters["month"] = value
        label += f"（{era_month(month)}）"
    elif measure.spanned:
        if line.year.people_few:
            raise Http404
        label += f"（{fiscal_year_label(fiscal_year(today))}の今日まで）"
    rows = metrics.rows(name, today=today, month=month)
    value = request.GET.get("department", "")
    # Only these measures are counted by department, with small departments hidden (I15).
    if value and name not in dashboard.COLUMNS:
        raise Http404
    if not value and name in dashboard.COLUMNS and numbers.total.hidden:
        raise Http404
    if value:
        tree, department = unit_tree(today), _requested_department(value, today)
        units = tree.department_members(department) if department != dashboard.NOWHERE else None
        rows = metrics.in_units(rows, units, today)
        parameters["department"] = value
        label += f"：{department_name(tree, department)}"
    return RowsRequest(name, rows.order_by("ends_on" if measure.of_records else "due_on", "pk"), label, parameters)


def _with_related(rows_request: RowsRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows with the related objects that the table shows."""
    if rows_request.name not in metrics.MEASURES:
        return rows
    related = "course" if metrics.MEASURES[rows_request.name].of_records else "path"
    return metrics.with_unit(rows, clock.today()).select_related("person", related)


def _month(text: str, today: date) -> date:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise Http404
    return date(int(text[:4]), int(text[5:]), 1)


def _requested_department(uid: str, today: date) -> int:
    """The pk of the department with that uid. Raises Http404 if it is unknown or hidden (I15)."""
    tree = unit_tree(today)
    departments = {tree.uid(row.unit_id) or "none": row for row in dashboard.figures().departments}
    row = departments.get(uid)
    if row is None or row.hidden:
        raise Http404
    return row.unit_id


def _header(name: str) -> list[str]:
    if name.startswith("courses"):
        return ["科目番号", "名称", "実施機関", "区分", "受講区分"]
    if name.startswith("paths_"):
        return ["管理番号", "学習パス", "所属", "公開範囲"]
    if metrics.MEASURES[name].of_records:
        return ["職員番号", "氏名", "部局", "研修", "終わり", "状況"]
    return ["職員番号", "氏名", "部局", "学習パス", "開始", "期限", "状態", "完了日"]


def _table(name: str, rows: Any) -> Iterator[list[object]]:
    today = clock.today()
    tree = unit_tree(today)
    if name.startswith("courses"):
        for course in rows:
            yield [
                course.code,
                course.title,
                course.get_provider_display(),
                course.get_type_display(),
                course.get_obligation_display(),
            ]
        return
    if name.startswith("paths_"):
        for learning_path in rows:
            owner = tree.name(learning_path.owner_unit_id) if learning_path.owner_unit_id else ""
            yield [learning_path.public_id or "", learning_path.title, owner, learning_path.get_audience_display()]
        return
    hidden = dashboard.hidden_departments(today)
    for row in rows:
        department = dashboard.department_of(tree, row.unit)
        department_label = f"（{HIDDEN_TEXT}）" if department in hidden else department_name(tree, department)
        person = [row.person.staff_no, row.person.name, department_label]
        if isinstance(row, Assignment):
            yield [*person, row.path.title, row.start_on, row.due_on, STANDINGS[row.standing()], row.completed_on or ""]
        else:
            yield [*person, row.title, row.ends_on, row.get_status_display()]


urlpatterns = [
    path("training/", office_page, name="training"),
    path("training/rows/", rows_page, name="training_rows"),
]
