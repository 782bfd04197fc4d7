"""Pages of imports and exports, for the training office only; everybody else gets 404.

The work is done by ``learning.imports.uploads`` (files), ``learning.imports.unmatched`` (rows without a person) and
``learning.imports.export``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse

from imports.downloads import CSV, csv_lines
from imports.views import MOVED_ON, counts_of, press, titles_of
from kb.text_cleaning import clean_text
from learning.access.decorators import office_only
from learning.access.requests import user_of
from learning.imports import export, unmatched
from learning.imports.fields import FIELDS, field_of
from learning.imports.forms import MappingForm, SendForm
from learning.imports.uploads import uploads
from learning.models import Kind, TrainingImport, TrainingSource, UnmatchedRow
from organization import clock
from organization.appointments import main_posts
from organization.fiscal import fiscal_year_label
from organization.models import Person
from organization.units.tree import unit_tree

OFFICE_CRUMB = {"url": "/training/", "label": "研修担当"}
IMPORTS_CRUMB = {"url": "/training/imports/", "label": "取込みと書出し"}
RECENT = 20
SHOWN = 30
COUNTS = [
    ("新しい行", "new"),
    ("変わった行", "changed"),
    ("変わりなし", "unchanged"),
    ("取り込めない行", "refused"),
    ("職員が分からない行", "waiting"),
]


@office_only
def imports_page(request: HttpRequest) -> HttpResponse:
    """The sources, the latest files, and the links to imports, templates and exports."""
    context = {
        "crumbs": [OFFICE_CRUMB, {"label": IMPORTS_CRUMB["label"]}],
        "sources": TrainingSource.objects.all(),
        "imports": TrainingImport.objects.all()[:RECENT],
        "waiting": UnmatchedRow.objects.open().count(),
        "kinds": [(kind.value, kind.label) for kind in Kind],
        "years": [(year, fiscal_year_label(year)) for year in _years()],
    }
    return render(request, "learning/imports.html", context)


def _years() -> Iterable[int]:
    """The fiscal years with records that can be exported, newest first."""
    records = export.rows_of(Kind.RECORDS).order_by("-fiscal_year")
    return records.values_list("fiscal_year", flat=True).distinct()


@office_only
def new_import(request: HttpRequest) -> HttpResponse:
    source = TrainingSource.objects.filter(name=request.GET.get("source", "").replace("\x00", "")[:40]).first()
    initial = {"source": source.name, "label": source.label, "kind": source.kind} if source else {}
    form = SendForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        row = uploads.receive(by=user_of(request), **form.columns())
        return redirect("training_import", row.pk)
    kinds = [(kind.value, kind.label) for kind in Kind]
    context = {"form": form, "kinds": kinds, "crumbs": [OFFICE_CRUMB, IMPORTS_CRUMB, {"label": "ファイルを取り込む"}]}
    return render(request, "learning/import_new.html", context, status=422 if form.is_bound else 200)


@office_only
def import_report(request: HttpRequest, pk: int) -> HttpResponse:
    """The report of one file: its progress, results, columns and actions."""
    row = get_object_or_404(TrainingImport, pk=pk)
    form = MappingForm(row, request.POST if request.POST.get("do") == "map" else None)
    if request.method == "POST" and not form.is_bound:
        press(request, row, uploads)
        return redirect("training_import", pk)
    if form.is_bound and form.is_valid():
        if not uploads.recheck(job=row, by=user_of(request), mapping=form.mapping()):
            messages.warning(request, MOVED_ON)
        return redirect("training_import", pk)
    context = {
        "crumbs": [OFFICE_CRUMB, IMPORTS_CRUMB, {"label": "取込みの報告"}],
        "row": row,
        "form": form,
        **_report_context(row),
        "source": TrainingSource.objects.filter(name=row.source_name).first(),
    }
    return render(request, "learning/import_report.html", context, status=422 if form.is_bound else 200)


def _report_context(job: TrainingImport) -> dict[str, Any]:
    """The report of `job` as context of the page."""
    columns = [
        [letter, heading, field.label if (field := field_of(job.kind, name)) else "読みません"]
        for letter, heading, name in job.report.get("columns", [])
    ]
    places = {
        name: [[f"{refusal['row']:,}", refusal["column"] or "―", refusal["reason"]] for refusal in refusals]
        for name in ("refusals", "waiters")
        for refusals in [job.report.get(name, [])]
    }
    return {
        "counts": counts_of(job, COUNTS),
        "columns": columns,
        **places,
        "titles": titles_of(job, "新しい行", "変わった行"),
        "any": job.report.get("new", 0) + job.report.get("changed", 0),
    }


# --- Rows without a person -------------------------------------------------------------------


@office_only
def unmatched_page(request: HttpRequest) -> HttpResponse:
    rows = UnmatchedRow.objects.open().select_related("source")
    source = request.GET.get("source", "").replace("\x00", "")[:40]
    if source:
        rows = rows.filter(source__name=source)
    page = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    crumbs = [OFFICE_CRUMB, IMPORTS_CRUMB, {"label": "職員が分からない行"}]
    context = {"page": page, "total": page.paginator.count, "source": source, "crumbs": crumbs}
    return render(request, "learning/unmatched.html", context)


@office_only
def unmatched_row(request: HttpRequest, pk: int) -> HttpResponse:
    """One row without a person: search the person, or drop the row with a reason."""
    row = get_object_or_404(UnmatchedRow.objects.open().select_related("source"), pk=pk)
    # If nobody has the name, search by the number: the person may have changed their name.
    words = request.GET.get("who") or (row.name if unmatched.candidates(row.name) else row.staff_no)
    context: dict[str, Any] = {"row": row, "reason": "", "error": "", "words": words.replace("\x00", "")[:60]}
    if request.method == "POST":
        try:
            _decide_row(request, row)
        except ValidationError as error:
            context |= {"error": error.messages[0], "reason": request.POST.get("reason", "")}
        else:
            return redirect("training_unmatched")
    context["crumbs"] = [
        OFFICE_CRUMB,
        {"url": reverse("training_unmatched"), "label": "職員が分からない行"},
        {"label": "だれの行かを決める"},
    ]
    people = unmatched.candidates(context["words"])
    posts, tree = main_posts(people, clock.today()), unit_tree()
    context["people"] = [
        (person, tree.name(posts[person.pk].unit_id) if person.pk in posts else "") for person in people
    ]
    context["facts"] = [
        {"label": field.label, "value": field.shown(value)}
        for field in FIELDS[row.kind]
        if (value := row.data.get(field.name)) not in (None, "")
    ]
    same = UnmatchedRow.objects.open().filter(source=row.source, staff_no=row.staff_no)
    context["same"] = same.count() - 1
    return render(request, "learning/unmatched_row.html", context, status=422 if context["error"] else 200)


def _decide_row(request: HttpRequest, row: UnmatchedRow) -> None:
    if request.POST.get("do") == "drop":
        reason = clean_text(request.POST.get("reason", ""), "わけ")
        unmatched.drop(row=row, reason=reason, by=user_of(request))
        messages.success(request, "この行は取り込みません。次のファイルでも、もう尋ねません。")
        return
    chosen = request.POST.get("person", "")
    person = (
        Person.objects.filter(pk=int(chosen)).first()
        if chosen.isascii() and chosen.isdigit() and len(chosen) < 18
        else None
    )
    if person is None:
        raise ValidationError(
            "職員を一人選んでから、「この人の行として取り込む」を押してください。", code="person_required"
        )
    count = unmatched.resolve(row=row, person=person, by=user_of(request))
    messages.success(
        request,
        f"{count:,}行を{person.name}さんの行として取り込みました。この番号は、次のファイルからも同じ人になります。",
    )


# --- Exports ---------------------------------------------------------------------------------


@office_only
def download_export(request: HttpRequest, kind: str, ext: str) -> HttpResponseBase:
    """Download all rows of a kind, or those of one fiscal year (`?year=2025`)."""
    _require_known(kind, ext)
    raw_year = request.GET.get("year", "")
    year = int(raw_year) if raw_year.isascii() and raw_year.isdigit() and len(raw_year) == 4 else None
    rows = export.rows_of(kind, year=year)
    if ext == "xlsx" and rows.count() > export.MOST_IN_A_BOOK:
        most = export.MOST_IN_A_BOOK
        messages.warning(request, f"Excelでは{most:,}行まで書き出せます。年度を選ぶか、CSVにしてください。")
        return redirect("training_imports")
    lines = (export.values(kind, row) for row in rows.iterator(chunk_size=2000))
    return _file_response(kind, ext, f"{kind}{f'-{year}' if year else ''}-{clock.today():%Y%m%d}", lines)


@office_only
def download_template(request: HttpRequest, kind: str, ext: str) -> HttpResponseBase:
    """Download the template of a kind: the headings and one example row, which no import reads."""
    _require_known(kind, ext)
    return _file_response(kind, ext, f"{kind}-template", iter([export.example(kind)]))


def _require_known(kind: str, ext: str) -> None:
    if kind not in Kind.values or ext not in ("xlsx", "csv"):
        raise Http404


def _file_response(kind: str, ext: str, name: str, rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    if ext == "xlsx":
        return FileResponse(export.workbook_of(kind, rows), as_attachment=True, filename=f"{name}.xlsx")
    response = StreamingHttpResponse(csv_lines(export.labels(kind), rows), content_type=CSV)
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


urlpatterns: list[URLPattern] = [
    path("training/imports/", imports_page, name="training_imports"),
    path("training/imports/new/", new_import, name="training_import_new"),
    path("training/imports/<int:pk>/", import_report, name="training_import"),
    path("training/imports/template/<str:kind>.<str:ext>", download_template, name="training_template"),
    path("training/unmatched/", unmatched_page, name="training_unmatched"),
    path("training/unmatched/<int:pk>/", unmatched_row, name="training_unmatched_row"),
    path("training/export/<str:kind>.<str:ext>", download_export, name="training_export"),
]
