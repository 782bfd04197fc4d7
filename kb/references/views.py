"""The admin's screens for texts from elsewhere: their sources, a new file, its report, and withdrawing a source.

For the knowledge office alone; whoever else may enter the admin gets its refusal. The views only ask and show: files
are ``kb.references.uploads``, sources ``kb.references.sources``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
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

View = Callable[..., HttpResponse]
RECENT = 20


def office(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_manage(request.user):  # type: ignore[arg-type]
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@office
def sources(request: HttpRequest) -> HttpResponse:
    rows = ReferenceSource.objects.annotate(
        total=Count("references"),
        single=Count("references", filter=Q(references__withdrawn=True)),
        latest=Max("references__imported_at"),
    )
    context = {"sources": rows, "imports": ReferenceImport.objects.all()[:RECENT]}
    return render(request, "kb/admin/reference_sources.html", context)


@office
def new(request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST or None, request.FILES or None, initial=_known(request.GET.get("source", "")))
    if request.method == "POST" and form.is_valid():
        try:
            row = uploads.receive(by=request.user, **form.columns())  # type: ignore[arg-type]
        except UnreadableFileError as error:
            form.add_error("file", str(error))
        else:
            return redirect("reference_import", row.pk)
    return render(request, "kb/admin/reference_import_new.html", {"form": form})


def _known(name: str) -> dict[str, str]:
    row = ReferenceSource.objects.filter(name=name).first()
    return {"name": row.name, "label": row.label, "licence": row.licence, "audience": row.audience} if row else {}


@office
def report(request: HttpRequest, pk: int) -> HttpResponse:
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
        # Reports stored before version 0.2 call a refusal's row `number`.
        "refusals": [
            (refusal.get("row", refusal.get("number")), refusal["reason"]) for refusal in row.report.get("refusals", [])
        ],
        "resets": source is not None and facts.changes(source),
        "source": facts.applied(source or ReferenceSource(name=row.source_name)),
        "to_take": row.report.get("new", 0) + row.report.get("changed", 0),
        "any": sum(row.report.get(name, 0) for name in ("new", "changed", "unchanged")),
    }
    return render(request, "kb/admin/reference_import.html", context)


@office
def withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then withdraw the whole source or bring it back, whichever it is not."""
    source = get_object_or_404(ReferenceSource, pk=pk)
    total = source.references.count()
    if request.method == "POST":
        withdrawn = request.POST.get("do") == "withdraw"
        reason = clean_text(request.POST.get("reason", "").replace("\x00", ""))[:500]
        if set_withdrawn(source=source, withdrawn=withdrawn, by=request.user, reason=reason):  # type: ignore[arg-type]
            done = "取り下げました。検索にも固定のアドレスにも、もう出ません" if withdrawn else "戻しました"
            messages.success(request, f"「{source.label}」の{total:,}件を{done}。")
        return redirect("reference_sources")
    return render(request, "kb/admin/reference_withdrawal.html", {"source": source, "total": total})


urlpatterns = [
    path("references/", sources, name="reference_sources"),
    path("references/import/", new, name="reference_import_new"),
    path("references/import/<int:pk>/", report, name="reference_import"),
    path("references/sources/<int:pk>/withdrawal/", withdrawal, name="reference_withdrawal"),
]
