"""The outbox page of the training office. It shows written mails, sent mails, and mails that could not be sent, with
the reason. It sends nothing.
"""

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
#: Finds the links in a mail. They show which assignments, records and paths the mail is about. The links are written by
#: ``collecting`` and ``nudges``.
SUBJECT_LINKS = re.compile(r"/my/learning/([0-9a-f-]{36})/|/my/#(record-\d+)-|/(LP-[A-Z0-9-]+)")
UNSENT = Q(sent_at__isnull=True)
#: Maps each value of `state` to its label and its filter.
STATES: dict[str, tuple[str, Q]] = {
    "": ("すべて", Q()),
    "sent": ("送った", Q(sent_at__isnull=False)),
    "waiting": ("送るのを待っている", UNSENT & Q(failure="")),
    "failed": ("送れなかった", UNSENT & ~Q(failure="") & ~Q(failure=NO_ADDRESS)),
    "notice": ("お知らせだけ", UNSENT & Q(failure=NO_ADDRESS)),
}


@office_only
def outbox_page(request: HttpRequest) -> HttpResponse:
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
    page = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    crumbs = [{"url": reverse("training"), "label": "研修担当"}, {"label": "送信箱"}]
    private = _private(list(page))
    rows_shown = [_row(row, private) for row in page]
    context = {"crumbs": crumbs, "tabs": tabs, "state": state, "page": page, "rows": rows_shown}
    return render(request, "learning/outbox.html", context)


def _private(rows: Sequence[Message]) -> set[int]:
    """Returns the pks of mails about private assignments or private training records of the recipient. The links in a
    mail show what the mail is about.

    If a self-started path was assigned later, the mails from before the assignment are private too (0029).
    """
    people = {row.person_id for row in rows}
    self_started = Assignment.objects.filter(person__in=people, source=Source.SELF, shared=False)
    own_records = TrainingRecord.objects.filter(person__in=people, origin=TrainingRecord.Origin.SELF, shared=False)
    private_keys: set[tuple[int, str]] = set()
    for person_id, uid, public_id in self_started.values_list("person_id", "uid", "path__public_id"):
        private_keys |= {(person_id, str(uid)), (person_id, public_id or "")}
    private_keys |= {(person_id, f"record-{pk}") for person_id, pk in own_records.values_list("person_id", "pk")}
    adopted = Assignment.objects.filter(person__in=people, begun_on__isnull=False)
    adopted_on = {
        (person_id, str(uid)): on for person_id, uid, on in adopted.values_list("person_id", "uid", "assigned_on")
    }
    return {
        row.pk
        for row in rows
        for match in SUBJECT_LINKS.findall(row.body)
        for key in match
        if (row.person_id, key) in private_keys or row.on < adopted_on.get((row.person_id, key), date.min)
    }


def _row(row: Message, private: set[int]) -> dict[str, Any]:
    """Returns one mail with its status. The page does not show the text of a private mail."""
    return {**_status(row), "is_private": row.pk in private}


def _status(row: Message) -> dict[str, Any]:
    if row.sent_at is not None:
        return {"mail": row, "code": "published", "label": "送った"}
    if row.failure == NO_ADDRESS:
        return {"mail": row, "code": "self", "label": "お知らせだけ"}
    if row.failure:
        return {"mail": row, "code": "returned", "label": "送れなかった"}
    return {"mail": row, "code": "submitted", "label": "送るのを待っている"}


urlpatterns: list[URLPattern] = [
    path("training/outbox/", outbox_page, name="training_outbox"),
]
