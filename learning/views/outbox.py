"""The outbox, for the training office: what was written, sent, and not sent and why. It refuses to send."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from learning.guards import office_only
from learning.models import Message
from learning.reminders import NO_ADDRESS

SHOWN = 30
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
        {"url": f"?state={key}" if key else request.path, "label": label, "current": key == state, "count": counts[key or "all"]}
        for key, (label, _) in STATES.items()
    ]  # fmt: skip
    shown = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    crumbs = [{"url": reverse("training"), "label": "研修担当"}, {"label": "送信箱"}]
    context = {"crumbs": crumbs, "tabs": tabs, "state": state, "page": shown, "rows": [_row(row) for row in shown]}
    return render(request, "learning/outbox.html", context)


def _row(row: Message) -> dict[str, Any]:
    """One mail and what became of it, in words."""
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
