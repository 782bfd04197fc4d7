"""The moves of a challenge: support, start, end with an outcome, begin the look-back, close.

It closes only with its published look-back, and 「学びあり（不成功）」 closes like a success (S12, I18).
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from kb.items.authorship import is_author
from kb.lifecycle.transitions import require, tell_authors
from kb.models import Challenge, Draft, Retrospective
from kb.models.item import State
from organization import audit, clock
from organization.models import Person
from organization.posts import posts_held

Stage = Challenge.Stage


def is_sponsor(*, challenge: Challenge, person: Person | None) -> bool:
    """Whether `person` holds the sponsoring post today."""
    if person is None or challenge.sponsor_post_id is None:
        return False
    return any(post.pk == challenge.sponsor_post_id for post in posts_held(person, clock.today()))


def moves_for(*, challenge: Challenge, person: Person | None) -> list[str]:
    """The moves that `person` may make now, for the buttons of the page."""
    author, sponsor = is_author(item=challenge, person=person), is_sponsor(challenge=challenge, person=person)
    by_stage: dict[str, list[tuple[str, bool]]] = {
        Stage.IDEA: [("support", sponsor)],
        Stage.SUPPORTED: [("start", author)],
        Stage.RUNNING: [("end", author)],
        Stage.ENDED: [("look_back", author)],
        Stage.RETROSPECTED: [("close", sponsor)],
    }
    return [
        name for name, allowed in by_stage.get(challenge.stage, []) if allowed and challenge.state == State.PUBLISHED
    ]


def support(*, challenge: Challenge, by: Person) -> None:
    """後押しする: the holder of the sponsoring post stands behind it."""
    _move(challenge, by, "support", Stage.SUPPORTED)
    tell_authors(challenge, f"「{challenge.title}」に後押しがつきました。", challenge.get_absolute_url())


def start(*, challenge: Challenge, by: Person) -> None:
    _move(challenge, by, "start", Stage.RUNNING)


def end(*, challenge: Challenge, by: Person, outcome: str) -> None:
    """終える: with one of three outcomes, none of which stands above another."""
    if outcome not in Challenge.Outcome.values:
        raise ValidationError("結果を「成功」「学びあり（不成功）」「中止」から一つ選んでください。")
    challenge.outcome, challenge.ended_on = outcome, clock.today()
    _move(challenge, by, "end", Stage.ENDED)


def close(*, challenge: Challenge, by: Person) -> None:
    """完了: only with a published look-back (I18)."""
    if not lookback_of(challenge):
        raise ValidationError("先に「挑戦のふりかえり」を公開してください。")
    _move(challenge, by, "close", Stage.CLOSED)


def lookback_of(challenge: Challenge) -> Retrospective | None:
    return challenge.lookbacks.filter(live=True, state=State.PUBLISHED).order_by("pk").first()


def begin_lookback(*, challenge: Challenge, by: Person) -> Draft:
    """The draft of the look-back, prefilled with its challenge; the open one if it was begun."""
    require("look_back" in moves_for(challenge=challenge, person=by), "ふりかえりを書けるのは、挑戦した人です。")
    begun = Draft.objects.open_of(by).filter(format="lookback", data__challenge=challenge.public_id).first()
    data = {"challenge": challenge.public_id, "subject": challenge.title, "audience": challenge.audience}
    return begun or Draft.objects.create(author=by, kind=Draft.Kind.RETROSPECTIVE, format="lookback", data=data)


@transaction.atomic
def _move(challenge: Challenge, by: Person, name: str, to: str) -> None:
    require(name in moves_for(challenge=challenge, person=by), "今この挑戦を進められる担当ではありません。")
    before = challenge.stage
    challenge.stage = to
    challenge.save(clean=False)
    actor: Any = by.user
    audit.record(actor=actor, action=f"challenge.{name}", obj=challenge, before={"stage": before}, after={"stage": to})
