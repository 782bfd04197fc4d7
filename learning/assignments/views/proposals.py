"""Successor proposals. The head sees the posts whose holder has moved during an assignment. The head assigns the path
to the successor, or declines.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from kb.text_cleaning import clean_text
from learning.access import permissions
from learning.access.requests import user_of
from learning.assignments import proposals
from learning.assignments.plan import OutsideUnitError
from learning.models import SuccessorProposal
from learning.paths.titles import PathTitles

SHOWN = 50


@login_required
def proposals_page(request: HttpRequest) -> HttpResponse:
    if not (permissions.is_manager(request.user) or permissions.is_office(request.user)):
        raise Http404
    return _list_page(request)


def _list_page(request: HttpRequest, *, failed: int = 0, reason: str = "", error: str = "") -> HttpResponse:
    """Shows the list of proposals. The proposal `failed` is shown with the typed reason and the error."""
    waiting = list(proposals.open_for(request.user)[: SHOWN + 1])
    holders = proposals.holders(waiting)
    titles = PathTitles(request.user, [proposal.path_id for proposal in waiting])
    rows: list[dict[str, Any]] = [
        {
            "proposal": proposal,
            "path": dict(zip(("public_id", "title"), titles.named(proposal.path_id), strict=True)),
            "holder": holders.get(proposal.post_id),
            "reason": reason if proposal.pk == failed else proposals.REASON,
            "error": error if proposal.pk == failed else "",
        }
        for proposal in waiting[:SHOWN]
    ]
    crumbs = [{"url": reverse("team"), "label": "所属の学び"}, {"label": "後任への割当"}]
    context = {"crumbs": crumbs, "rows": rows, "more": len(waiting) > SHOWN, "shown": SHOWN, "error": error}
    return render(request, "learning/proposals.html", context, status=422 if error else 200)


@login_required
@require_POST
def decide_proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """Handles a POST request: `accept` with `reason`, or `decline`."""
    proposal = SuccessorProposal.objects.select_related("path").filter(pk=pk).first()
    if proposal is None:
        raise Http404
    reason = request.POST.get("reason", "")
    title = PathTitles(request.user, [proposal.path_id]).of(proposal.path_id)
    try:
        if "accept" in request.POST:
            assignment = proposals.accept(proposal=proposal, user=user_of(request), reason=clean_text(reason)[:300])
            messages.success(request, f"「{title}」を、{assignment.person.name}さんに割り当てました。")
        else:
            proposals.decline(proposal=proposal, user=user_of(request))
            messages.success(request, f"「{title}」の提案を見送りました。")
    except (LookupError, OutsideUnitError):
        raise Http404 from None
    except ValidationError as error:
        return _list_page(request, failed=pk, reason=reason, error=error.messages[0])
    return redirect("team_proposals")


urlpatterns: list[URLPattern] = [
    path("team/proposals/", proposals_page, name="team_proposals"),
    path("team/proposals/<int:pk>/", decide_proposal, name="team_proposal"),
]
