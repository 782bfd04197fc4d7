"""The reviewer's list and the decision on one item: 受理 or 差戻し with a comment."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from kb.lifecycle import review_queue
from kb.lifecycle.transitions import ITEM, Actor
from kb.models import Item
from kb.reading.views.item import shown
from kb.review import decisions
from kb.text_cleaning import clean_text
from organization.audience import Audience
from organization.requests import user_of
from organization.templatetags.japanese import days_ago


@login_required
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for this reader, longest waiting first."""
    waiting = review_queue.waiting_for(request.user).select_related("content_type")[:100]
    return render(request, "kb/review_queue.html", {"items": [{"item": item, "meta": _meta(item)} for item in waiting]})


def _meta(item: Item) -> str:
    """Whose, for whom, and since when."""
    asked = Audience(item.requested_audience or item.audience).label
    return f"{item.unit_name_at_time}から、{asked}へ　{days_ago(item.submitted_at)}に提出"


@login_required
def decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what is to be decided on; POST `accept` or `return` with `comment`."""
    waiting = review_queue.waiting_for(request.user).filter(public_id=public_id).first()
    if waiting is None:
        raise Http404
    item: Item = waiting.specific
    # As its readers will see it, without what its keepers may do there.
    context = {
        **shown(request, item),
        "may_edit": False,
        "moves": [row for row in ITEM.applicable(item) if row.actor == Actor.REVIEWER],
        "comment": "",
        "error": "",
        "asked": Audience(item.requested_audience or item.audience).label,
        "trail": [{"url": reverse("review"), "label": "確認待ち"}, {"url": "", "label": item.title}],
    }
    if request.method != "POST":
        return render(request, "kb/review_item.html", context)
    try:
        if "accept" in request.POST:
            decisions.accept(item=item, user=user_of(request))
            messages.success(request, f"「{item.title}」を受理しました。{context['asked']}に公開されました。")
        else:
            context["comment"] = request.POST.get("comment", "")
            decisions.return_to_author(
                item=item, user=user_of(request), comment=clean_text(request.POST.get("comment", ""))
            )
            messages.success(request, f"「{item.title}」を、ことばを添えて差し戻しました。")
    except ValidationError as error:
        return render(request, "kb/review_item.html", {**context, "error": error.messages[0]}, status=422)
    return redirect("review")
