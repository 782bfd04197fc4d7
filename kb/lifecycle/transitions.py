"""The transitions of an item and of a challenge, as tables.

Each row has the old value, the new value, verb, actor, condition, notice and audit action.

The verbs (kb.lifecycle.publication, kb.lifecycle.challenges, kb.review.decisions), the buttons of the pages,
docs/reference/lifecycle.md and the tests read these tables. Each table changes one field. A type may have several
tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError

from kb.items.authorship import is_author
from kb.items.permissions import may_edit
from kb.lifecycle.review_queue import may_review
from kb.models import Challenge, Item
from kb.models.items.states import State
from organization import audit, clock
from organization.access_policy import Viewer
from organization.appointments import posts_held, reviewers_of
from organization.audience import Audience
from organization.models import Person
from organization.notices import notify

#: Audiences that need no review: only the author, and the author's unit.
OWN = (Audience.SELF, Audience.UNIT)
Stage = Challenge.Stage


class Actor(StrEnum):
    """Who makes a transition."""

    AUTHOR = "author"
    KEEPER = "keeper"
    REVIEWER = "reviewer"
    SPONSOR = "sponsor"
    OFFICE = "office"
    PROGRAM = "program"


class Recipient(StrEnum):
    """Who gets the notice about a transition."""

    AUTHORS = "authors"
    REVIEWERS = "reviewers"
    OTHER_REVIEWERS = "other reviewers"


@dataclass(frozen=True)
class NoticeText:
    to: Recipient
    #: The text may contain {title}, {audience} and {reason}.
    text: str


@dataclass(frozen=True)
class Transition:
    verb: str
    #: The values of the field before the transition. Empty for a new item.
    sources: tuple[str, ...]
    #: The value of the field after the transition. None if the value does not change.
    target: str | None
    actor: Actor
    #: The label of the button. Empty if no page offers the transition.
    label: str = ""
    #: What else must be true, in words. If a verb has several rows, `applies` checks this condition.
    condition: str = ""
    applies: Callable[[Any], bool] | None = None
    notice: NoticeText | None = None
    #: The action of the audit event. Empty if no event is written.
    action: str = ""


@dataclass(frozen=True)
class Lifecycle:
    """The table of transitions for one field of one model."""

    model: type[Item]
    field: str
    transitions: tuple[Transition, ...]

    def applicable(self, item: Item) -> list[Transition]:
        """Returns the transitions that start from the present value of the item's field. It does not matter who the
        user is.
        """
        value = getattr(item, self.field)
        return [row for row in self.transitions if value in row.sources and (row.applies is None or row.applies(item))]

    def find(self, verb: str, item: Item) -> Transition | None:
        """Returns the transition of `verb` that starts from the present value of the item's field, or None."""
        return next((row for row in self.applicable(item) if row.verb == verb), None)

    def require(self, verb: str, item: Item, message: str) -> Transition:
        """Returns the transition of `verb` that starts from the present value of the item's field. If there is none,
        raises cannot_<verb> with `message`.
        """
        row = self.find(verb, item)
        if row is None:
            raise ValidationError(message, code=f"cannot_{verb}")
        return row

    def open_to(self, item: Item, user: Viewer | None) -> list[Transition]:
        """Returns the transitions that `user` may make now."""
        return [row for row in self.applicable(item) if user is not None and PERMISSIONS[row.actor](item, user)]


ITEM = Lifecycle(
    Item,
    "state",
    (
        Transition("create", (), State.SUBMITTED, Actor.AUTHOR, condition="the author holds a post today"),
        Transition(
            "submit",
            (State.SUBMITTED, State.RETURNED),
            State.PUBLISHED,
            Actor.AUTHOR,
            condition="its audience is the own unit or oneself",
            applies=lambda item: item.audience in OWN,
            action="item.published",
        ),
        Transition(
            "submit",
            (State.SUBMITTED, State.RETURNED),
            State.SUBMITTED,
            Actor.AUTHOR,
            condition="its audience is wider",
            applies=lambda item: item.audience not in OWN,
            notice=NoticeText(Recipient.OTHER_REVIEWERS, "「{title}」の確認をお願いします。"),
            action="item.submitted",
        ),
        Transition(
            "publish_in_admin",
            (State.SUBMITTED,),
            State.PUBLISHED,
            Actor.OFFICE,
            condition="its type is made in the admin",
            applies=lambda item: item.MADE_IN_ADMIN,
            action="admin.published",
        ),
        Transition(
            "accept",
            (State.SUBMITTED,),
            State.PUBLISHED,
            Actor.REVIEWER,
            label="受理する",
            notice=NoticeText(Recipient.AUTHORS, "「{title}」が受理され、{audience}に公開されました。"),
            action="item.accepted",
        ),
        Transition(
            "accept",
            (State.PUBLISHED,),
            None,
            Actor.REVIEWER,
            label="受理する",
            condition="a wider audience is asked for, which it gets",
            applies=lambda item: bool(item.requested_audience),
            notice=NoticeText(Recipient.AUTHORS, "「{title}」が受理され、{audience}に公開されました。"),
            action="item.accepted",
        ),
        Transition(
            "return",
            (State.SUBMITTED,),
            State.RETURNED,
            Actor.REVIEWER,
            label="差し戻す",
            condition="with a comment",
            notice=NoticeText(Recipient.AUTHORS, "「{title}」が差し戻されました：{reason}"),
            action="item.returned",
        ),
        Transition(
            "return",
            (State.PUBLISHED,),
            None,
            Actor.REVIEWER,
            label="差し戻す",
            condition="a wider audience is asked for, which it does not get; with a comment",
            applies=lambda item: bool(item.requested_audience),
            notice=NoticeText(Recipient.AUTHORS, "「{title}」が差し戻されました：{reason}"),
            action="item.returned",
        ),
        Transition(
            "edit",
            (State.SUBMITTED, State.RETURNED, State.PUBLISHED, State.SUPERSEDED),
            None,
            Actor.KEEPER,
            label="直す",
            condition="opens a draft; what was superseded cannot be published again",
        ),
        Transition("revise", (State.PUBLISHED,), None, Actor.KEEPER, action="item.edited"),
        Transition(
            "change_audience",
            (State.PUBLISHED,),
            None,
            Actor.KEEPER,
            label="公開範囲を変える",
            condition="narrower at once; wider asks the reviewer",
            notice=NoticeText(Recipient.REVIEWERS, "「{title}」の公開範囲を広げる確認をお願いします。"),
            action="item.audience",
        ),
        Transition(
            "supersede",
            (State.PUBLISHED,),
            State.SUPERSEDED,
            Actor.PROGRAM,
            condition="a lesson that replaces it was published",
        ),
        Transition(
            "withdraw",
            (State.SUBMITTED, State.RETURNED, State.PUBLISHED, State.SUPERSEDED),
            State.WITHDRAWN,
            Actor.KEEPER,
            label="取り下げる",
            condition="with a reason",
            action="item.withdrawn",
        ),
    ),
)

CHALLENGE = Lifecycle(
    Challenge,
    "stage",
    (
        Transition(
            "support",
            (Stage.IDEA,),
            Stage.SUPPORTED,
            Actor.SPONSOR,
            label="後押しする",
            notice=NoticeText(Recipient.AUTHORS, "「{title}」に後押しがつきました。"),
            action="challenge.support",
        ),
        Transition(
            "start",
            (Stage.SUPPORTED,),
            Stage.RUNNING,
            Actor.AUTHOR,
            label="挑戦を始める",
            action="challenge.start",
        ),
        Transition(
            "end",
            (Stage.RUNNING,),
            Stage.ENDED,
            Actor.AUTHOR,
            label="挑戦を終える",
            condition="with one of the three outcomes",
            action="challenge.end",
        ),
        Transition(
            "look_back",
            (Stage.ENDED,),
            None,
            Actor.AUTHOR,
            label="ふりかえりを書く",
            condition="opens the draft of its look-back",
        ),
        Transition(
            "retrospect",
            (Stage.ENDED,),
            Stage.RETROSPECTED,
            Actor.PROGRAM,
            condition="its look-back was published",
            action="challenge.retrospected",
        ),
        Transition(
            "close",
            (Stage.RETROSPECTED,),
            Stage.CLOSED,
            Actor.SPONSOR,
            label="完了にする",
            condition="its look-back is published (I18)",
            action="challenge.close",
        ),
    ),
)
LIFECYCLES = (ITEM, CHALLENGE)


def follow(item: Item, verb: str, *, cause: Item) -> None:
    """Makes the transition `verb` in `item` after `cause` was published. Does nothing unless the table has such a
    transition for the program (Actor.PROGRAM) from the present value.
    """
    for lifecycle in LIFECYCLES:
        row = lifecycle.find(verb, item) if isinstance(item, lifecycle.model) else None
        if row is None or row.actor != Actor.PROGRAM:
            continue
        setattr(item, lifecycle.field, row.target)
        item.save(clean=False)
        if row.action:
            audit.record(actor=None, action=row.action, obj=item, after={"by": cause.public_id})


def send_notice(
    transition: Transition, item: Item, *, url: str, sender: Person | None = None, reason: str = ""
) -> None:
    """Sends the notice of a transition to its recipients, except `sender`. The text of the notice contains `reason`."""
    if transition.notice is None:
        return
    text = transition.notice.text.format(title=item.title, audience=item.get_audience_display(), reason=reason)
    if transition.notice.to == Recipient.AUTHORS:
        notify_authors(item, text, url)
        return
    for reviewer in reviewers_of(item.owner_unit_id or 0, clock.today()):
        if transition.notice.to == Recipient.REVIEWERS or sender is None or reviewer.pk != sender.pk:
            notify(reviewer, text=text, url=url)


def notify_authors(item: Item, text: str, url: str) -> None:
    """Sends a notice to every author of the item."""
    for row in item.authorships.select_related("person"):
        notify(row.person, text=text, url=url)


def is_sponsor(*, challenge: Challenge, person: Person | None) -> bool:
    """Whether `person` holds the sponsoring post of the challenge today."""
    if person is None or challenge.sponsor_post_id is None:
        return False
    return any(post.pk == challenge.sponsor_post_id for post in posts_held(person, clock.today()))


def _sponsors(item: Item, user: Viewer) -> bool:
    return isinstance(item, Challenge) and is_sponsor(challenge=item, person=getattr(user, "person", None))


PERMISSIONS: dict[Actor, Callable[[Item, Viewer], bool]] = {
    Actor.AUTHOR: lambda item, user: is_author(item=item, person=getattr(user, "person", None)),
    Actor.KEEPER: lambda item, user: may_edit(item=item, user=user),
    Actor.REVIEWER: lambda item, user: may_review(item=item, user=user),
    Actor.SPONSOR: _sponsors,
    Actor.OFFICE: lambda item, user: item.permissions_for_user(user).can_publish(),
    Actor.PROGRAM: lambda item, user: False,
}
