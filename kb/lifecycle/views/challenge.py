"""The buttons of a challenge, one for each transition. kb.lifecycle.challenges decides who may use them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from kb.items.lookup import find_item
from kb.lifecycle import challenges
from kb.models import Challenge
from organization.requests import person_of

SUCCESS_MESSAGES = {
    "support": "後押しを伝えました。",
    "start": "挑戦を始めました。",
    "end": "おつかれさまでした。次は、ふりかえりを書きましょう。",
    "close": "完了しました。",
}


@login_required
@require_POST
def move_challenge(request: HttpRequest, public_id: str, move: str) -> HttpResponse:
    challenge = find_item(request.user, public_id)
    person = person_of(request)
    if not isinstance(challenge, Challenge) or person is None:
        raise Http404
    if move not in challenges.moves_for(challenge=challenge, person=person):
        raise Http404
    if move == "look_back":
        return redirect(challenges.begin_lookback(challenge=challenge, by=person))
    try:
        if move == "end":
            challenges.end(challenge=challenge, by=person, outcome=request.POST.get("outcome", ""))
        else:
            getattr(challenges, move)(challenge=challenge, by=person)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, SUCCESS_MESSAGES[move])
    return redirect(challenge.get_absolute_url())
