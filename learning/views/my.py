"""「わたしの学び」 (/my/): what I wrote, my drafts, what waits for me, and my training records."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from kb.models import Draft, Item
from learning import reports
from learning.models import TrainingRecord
from organization.consent import be_found
from organization.models import Notice, Person

WRITTEN_SHOWN = 20


def person_of(request: HttpRequest) -> Person | None:
    return getattr(request.user, "person", None)


@login_required
def page(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    if person is None:
        return render(request, "learning/my.html", {"person": None})
    mine = Item.objects.written_by(person)
    # What was touched last is what one comes back for.
    written = mine.select_related("content_type").order_by("-latest_revision_created_at", "-pk")
    return render(
        request,
        "learning/my.html",
        {
            "person": person,
            "drafts": Draft.objects.open_of(person),
            "written": Paginator(written, WRITTEN_SHOWN).get_page(request.GET.get("page")),
            "records": TrainingRecord.objects.of(person)[:50],
            "notices": Notice.objects.filter(person=person).order_by("-pk")[:20],
        },
    )


@login_required
@require_POST
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the report of one of my records."""
    person = person_of(request)
    record = get_object_or_404(TrainingRecord, pk=pk)
    if person is None or record.person_id != person.pk:
        raise Http404
    try:
        draft = reports.begin(record=record, by=person)
    except PermissionError as error:
        messages.error(request, str(error))
        return redirect("my")
    return redirect(draft)


@login_required
@require_POST
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark my notices as read."""
    person = person_of(request)
    if person is not None:
        Notice.objects.unread_of(person).mark_read()
    return redirect("my")


@login_required
@require_POST
def findable(request: HttpRequest) -> HttpResponse:
    """Agree to be found by name, or take it back; nobody else can."""
    person = person_of(request)
    if person is not None:
        be_found(person=person, wish="findable" in request.POST)
        said = (
            "検索の候補に、あなたの氏名と職名が出ます。"
            if person.findable
            else "検索の候補に、あなたの名前は出ません。"
        )
        messages.success(request, said)
    return redirect("my")


urlpatterns = [
    path("my/", page, name="my"),
    path("my/findable/", findable, name="my_findable"),
    path("my/notices/", read_notices, name="my_notices"),
    path("my/records/<int:pk>/report/", report, name="record_report"),
]
