"""The outbox, for the training office: what was written, sent, and not sent and why. It refuses to send."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from learning.access.decorators import office_only
from learning.models import Assignment, Message, Source, TrainingRecord
from learning.notifications.reminders import NO_ADDRESS

SHOWN = 30
#: What a mail speaks of, by the ends of its addresses (learning.notifications.collecting, learning.notifications.nudges).
TOLD = re.compile(r"/my/learning/([0-9a-f-]{36})/|/my/#(record-\d+)-|/(LP-[A-Z0-9-]+)")
UNSENT = Q(sent_at__isnull=True)
#: By the value of `state`: what it is called, and its rows.
STATES: dict[str, tuple[str, Q]] = {
    "": ("すべて", Q()),
    "sent": ("送った", Q(sent_at__isnull=False)),
    "waiting": ("送るのを待っている", UNSENT & Q(failure="")),
    "failed": ("送れなかった", UNSENT & ~Q(failure="") & ~Q(failure=NO_ADDRESS)),
    "notice": ("お知らせだけ", UNSENT & Q(failure=NO_ADDRESS)),
}


@office_only
def page(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    rows = Message.objects.filter(STATES[state][1]).select_related("person", "by").order_by("-on", "-pk")
    counts = Message.objects.aggregate(**{key or "all": Count("pk", filter=q) for key, (_, q) in STATES.items()})
    tabs = [
        {
            "url": f"?state={key}" if key else request.path,
            "label": label,
            "current": key == state,
            "count": counts[key or "all"],
        }
        for key, (label, _) in STATES.items()
    ]
    shown = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    crumbs = [{"url": reverse("training"), "label": "研修担当"}, {"label": "送信箱"}]
    private = _private(list(shown))
    rows_shown = [_row(row, private) for row in shown]
    context = {"crumbs": crumbs, "tabs": tabs, "state": state, "page": shown, "rows": rows_shown}
    return render(request, "learning/outbox.html", context)


def _private(rows: Sequence[Message]) -> set[int]:
    """Mails on what their person began or entered alone and shows to nobody, by pk; by the addresses in them.

    So are those from before a path that was begun alone was assigned (0029).
    """
    people = {row.person_id for row in rows}
    begun = Assignment.objects.filter(person__in=people, source=Source.SELF, shared=False)
    entered = TrainingRecord.objects.filter(person__in=people, origin=TrainingRecord.Origin.SELF, shared=False)
    alone: set[tuple[int, str]] = set()
    for person_id, uid, public_id in begun.values_list("person_id", "uid", "path__public_id"):
        alone |= {(person_id, str(uid)), (person_id, public_id or "")}
    alone |= {(person_id, f"record-{pk}") for person_id, pk in entered.values_list("person_id", "pk")}
    taken = Assignment.objects.filter(person__in=people, begun_on__isnull=False)
    since = {(person_id, str(uid)): on for person_id, uid, on in taken.values_list("person_id", "uid", "assigned_on")}
    return {
        row.pk
        for row in rows
        for found in TOLD.findall(row.body)
        for said in found
        if (row.person_id, said) in alone or row.on < since.get((row.person_id, said), date.min)
    }


def _row(row: Message, private: set[int]) -> dict[str, Any]:
    """One mail and what became of it, in words; what its person shows to nobody is not read here either."""
    return {**_became(row), "is_private": row.pk in private}


def _became(row: Message) -> dict[str, Any]:
    if row.sent_at is not None:
        return {"mail": row, "code": "published", "label": "送った"}
    if row.failure == NO_ADDRESS:
        return {"mail": row, "code": "self", "label": "お知らせだけ"}
    if row.failure:
        return {"mail": row, "code": "returned", "label": "送れなかった"}
    return {"mail": row, "code": "submitted", "label": "送るのを待っている"}


urlpatterns: list[URLPattern] = [
    path("training/outbox/", page, name="training_outbox"),
]
