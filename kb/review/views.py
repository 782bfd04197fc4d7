"""The pages of a reviewer: the list of waiting items, and the decision on one item (受理, or 差戻し with a comment)."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from kb.lifecycle.review_queue import waiting_for
from kb.lifecycle.transitions import ITEM, Actor
from kb.models import Item
from kb.reading.views.item import item_context
from kb.review import decisions
from kb.text_cleaning import clean_text
from organization.audience import Audience
from organization.requests import user_of
from organization.templatetags.japanese import days_ago


@login_required
def review_queue(request: HttpRequest) -> HttpResponse:
    """Shows the items that wait for this reviewer. The item that has waited longest comes first."""
    waiting = waiting_for(request.user).select_related("content_type")[:100]
    return render(request, "kb/review_queue.html", {"items": [{"item": item, "meta": _meta(item)} for item in waiting]})


def _meta(item: Item) -> str:
    """Returns the unit, the requested audience and the time since the submission."""
    requested = Audience(item.requested_audience or item.audience).label
    return f"{item.unit_name_at_time}から、{requested}へ　{days_ago(item.submitted_at)}に提出"


@login_required
def review_item(request: HttpRequest, public_id: str) -> HttpResponse:
    """Shows the item with the form for the decision. POST sends `accept`, or `return` with `comment`."""
    waiting = waiting_for(request.user).filter(public_id=public_id).first()
    if waiting is None:
        raise Http404
    item: Item = waiting.specific
    # The page is shown as readers will see it, without the buttons for people who may edit the item.
    context = {
        **item_context(request, item),
        "may_edit": False,
        "moves": [row for row in ITEM.applicable(item) if row.actor == Actor.REVIEWER],
        "comment": "",
        "error": "",
        "requested_audience": Audience(item.requested_audience or item.audience).label,
        "trail": [{"url": reverse("review"), "label": "確認待ち"}, {"url": "", "label": item.title}],
    }
    if request.method != "POST":
        return render(request, "kb/review_item.html", context)
    try:
        if "accept" in request.POST:
            decisions.accept(item=item, user=user_of(request))
            messages.success(
                request, f"「{item.title}」を受理しました。{context['requested_audience']}に公開されました。"
            )
        else:
            context["comment"] = request.POST.get("comment", "")
            decisions.return_to_author(
                item=item, user=user_of(request), comment=clean_text(request.POST.get("comment", ""))
            )
            messages.success(request, f"「{item.title}」を、ことばを添えて差し戻しました。")
    except ValidationError as error:
        return render(request, "kb/review_item.html", {**context, "error": error.messages[0]}, status=422)
    return redirect("review")
