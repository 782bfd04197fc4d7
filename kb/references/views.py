"""The admin's pages for references: sources, upload of a file, report of an import, withdrawal of a source.

Only the knowledge office may use these pages; other users of the admin get 403. ``kb.references.uploads`` handles the
files, and ``kb.references.sources`` handles the sources.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from imports.report import UnreadableFileError
from imports.views import counts_of, press, titles_of
from kb.models import ReferenceImport, ReferenceSource
from kb.references.forms import ImportForm
from kb.references.sources import may_manage, set_withdrawn
from kb.references.uploads import facts_of, uploads
from kb.text_cleaning import clean_text
from organization.requests import user_of

View = Callable[..., HttpResponse]
#: The maximum number of imports in the list.
RECENT = 20


def office_required(view: View) -> View:
    """View decorator: raises PermissionDenied unless the user belongs to the knowledge office."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_manage(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@office_required
def list_sources(request: HttpRequest) -> HttpResponse:
    """Shows the sources with their counts, and the latest imports."""
    rows = ReferenceSource.objects.annotate(
        total=Count("references"),
        single=Count("references", filter=Q(references__withdrawn=True)),
        latest=Max("references__imported_at"),
    )
    context = {"sources": rows, "imports": ReferenceImport.objects.all()[:RECENT]}
    return render(request, "kb/admin/reference_sources.html", context)


@office_required
def upload_file(request: HttpRequest) -> HttpResponse:
    """Shows the form for a file. POST stores the file, starts its check and redirects to the report."""
    form = ImportForm(request.POST or None, request.FILES or None, initial=_initial(request.GET.get("source", "")))
    if request.method == "POST" and form.is_valid():
        try:
            row = uploads.receive(by=user_of(request), **form.columns())
        except UnreadableFileError as error:
            form.add_error("file", ValidationError(str(error), code="unreadable_file"))
        else:
            return redirect("reference_import", row.pk)
    return render(request, "kb/admin/reference_import_new.html", {"form": form})


def _initial(name: str) -> dict[str, str]:
    """Returns the stored values of the source with that name, to prefill the form."""
    row = ReferenceSource.objects.filter(name=name).first()
    return {"name": row.name, "label": row.label, "licence": row.licence, "audience": row.audience} if row else {}


@office_required
def import_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows the report for one file. POST runs the action of the pressed button (imports.views.press)."""
    row = get_object_or_404(ReferenceImport, pk=pk)
    if request.method == "POST":
        press(request, row, uploads)
        return redirect("reference_import", pk)
    counts = counts_of(
        row,
        [
            ("新しい事例", "new"),
            ("変わった事例", "changed"),
            ("変わりなし", "unchanged"),
            ("取り込めない行", "refused"),
        ],
    )
    titles = titles_of(row, "新しい事例のはじめ", "変わった事例のはじめ")
    source = ReferenceSource.objects.filter(name=row.source_name).first()
    facts = facts_of(row)
    context = {
        "row": row,
        "counts": counts,
        "titles": titles,
        # In reports that were stored before version 0.2, the key for the row of a refusal is `number`.
        "refusals": [
            (refusal.get("row", refusal.get("number")), refusal["reason"]) for refusal in row.report.get("refusals", [])
        ],
        "resets": source is not None and facts.changes(source),
        "source": facts.applied(source or ReferenceSource(name=row.source_name)),
        "to_take": row.report.get("new", 0) + row.report.get("changed", 0),
        "any": sum(row.report.get(name, 0) for name in ("new", "changed", "unchanged")),
    }
    return render(request, "kb/admin/reference_import.html", context)


@office_required
def withdraw_source(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first, then withdraws the whole source. If the source is already withdrawn, it is restored."""
    source = get_object_or_404(ReferenceSource, pk=pk)
    total = source.references.count()
    if request.method == "POST":
        withdrawn = request.POST.get("do") == "withdraw"
        reason = clean_text(request.POST.get("reason", "").replace("\x00", ""))[:500]
        if set_withdrawn(source=source, withdrawn=withdrawn, by=user_of(request), reason=reason):
            result = "取り下げました。検索にも固定のアドレスにも、もう出ません" if withdrawn else "戻しました"
            messages.success(request, f"「{source.label}」の{total:,}件を{result}。")
        return redirect("reference_sources")
    return render(request, "kb/admin/reference_withdrawal.html", {"source": source, "total": total})


urlpatterns = [
    path("references/", list_sources, name="reference_sources"),
    path("references/import/", upload_file, name="reference_import_new"),
    path("references/import/<int:pk>/", import_report, name="reference_import"),
    path("references/sources/<int:pk>/withdrawal/", withdraw_source, name="reference_withdrawal"),
]
