"""The verbs of a challenge: support, start, end with an outcome, begin the look-back, close.

The table CHALLENGE in kb.lifecycle.transitions defines who may do what in which stage. A challenge can be closed only
after its look-back is published. 「学びあり（不成功）」 closes a challenge in the same way as success (S12, I18).
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from kb.items.permissions import require_permission
from kb.lifecycle.transitions import CHALLENGE, Transition, send_notice
from kb.models import Challenge, Draft, Retrospective
from kb.models.items.states import State
from organization import audit, clock
from organization.models import Person


def transitions_for(*, challenge: Challenge, person: Person | None) -> list[Transition]:
    """Returns the transitions that `person` may make now. The page shows a button for each."""
    if person is None or challenge.state != State.PUBLISHED:
        return []
    return CHALLENGE.open_to(challenge, person.user)


def moves_for(*, challenge: Challenge, person: Person | None) -> list[str]:
    """Returns the verbs of the transitions that `person` may make now."""
    return [transition.verb for transition in transitions_for(challenge=challenge, person=person)]


def support(*, challenge: Challenge, by: Person) -> None:
    """後押しする: the holder of the sponsoring post supports the challenge."""
    _move(challenge, by, "support")


def start(*, challenge: Challenge, by: Person) -> None:
    _move(challenge, by, "start")


def end(*, challenge: Challenge, by: Person, outcome: str) -> None:
    """終える: ends the challenge with one of three outcomes of equal rank. Raises outcome_required if the outcome is not
    one of them.
    """
    if outcome not in Challenge.Outcome.values:
        message = "結果を「成功」「学びあり（不成功）」「中止」から一つ選んでください。"
        raise ValidationError(message, code="outcome_required")
    challenge.outcome, challenge.ended_on = outcome, clock.today()
    _move(challenge, by, "end")


def close(*, challenge: Challenge, by: Person) -> None:
    """完了: closes the challenge. Raises lookback_required if no look-back is published (I18)."""
    if not lookback_of(challenge):
        raise ValidationError("先に「挑戦のふりかえり」を公開してください。", code="lookback_required")
    _move(challenge, by, "close")


def lookback_of(challenge: Challenge) -> Retrospective | None:
    return challenge.lookbacks.filter(live=True, state=State.PUBLISHED).order_by("pk").first()


def begin_lookback(*, challenge: Challenge, by: Person) -> Draft:
    """Returns the draft of the look-back: the draft that was already begun, or a new draft that is filled in from the
    challenge.
    """
    allowed = "look_back" in moves_for(challenge=challenge, person=by)
    require_permission(allowed, "ふりかえりを書けるのは、挑戦した人です。")
    draft = Draft.objects.open_of(by).filter(format="lookback", data__challenge=challenge.public_id).first()
    data = {"challenge": challenge.public_id, "subject": challenge.title, "audience": challenge.audience}
    kind = Retrospective.type_code()
    return draft or Draft.objects.create(author=by, kind=kind, format="lookback", data=data)


@transaction.atomic
def _move(challenge: Challenge, by: Person, verb: str) -> None:
    rows = {row.verb: row for row in transitions_for(challenge=challenge, person=by)}
    require_permission(verb in rows, "今この挑戦を進められる担当ではありません。")
    transition, before = rows[verb], {"stage": challenge.stage}
    assert transition.target is not None
    challenge.stage = transition.target
    challenge.save(clean=False)
    after = {"stage": challenge.stage}
    audit.record(actor=by.user, action=transition.action, obj=challenge, before=before, after=after)
    send_notice(transition, challenge, url=challenge.get_absolute_url())
