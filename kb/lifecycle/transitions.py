"""The moves of an item between its author and its readers: create, publish, submit, widen, withdraw.

Every move is a keyword-only function in one transaction that checks permission, writes the audit
event and, where somebody waits for it, a notice. It refuses what the state table does
not list. Publishing goes through Wagtail's revisions; search hears of it by signals.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from wagtail.actions.unpublish_page import UnpublishPageAction

from kb import hooks
from kb.items import authorship
from kb.items.identifiers import next_public_id
from kb.items.page_tree import year_container
from kb.models import Item, Lesson, Retrospective, YearPage
from kb.models.item import State
from organization import audit, clock
from organization.accounts import service_account
from organization.audience import Audience
from organization.fiscal import fiscal_year
from organization.models import Person
from organization.notices import notify
from organization.policy import Reader, reader_for
from organization.posts import main_post, reviewers_of
from organization.tree import unit_tree

#: Audiences that need nobody's consent: one's own unit, and oneself.
OWN = (Audience.SELF, Audience.UNIT)
#: How wide each audience is; I3 lets nothing widen without a reviewer.
WIDTH = {
    Audience.SELF: 0, Audience.UNIT: 1, Audience.DEPARTMENT: 2, Audience.PREFECTURE: 3, Audience.MUNICIPAL: 4,
    Audience.PUBLIC: 5,
}  # fmt: skip
#: 見直し期限 where the author sets none (+12 months).
REVIEW_AFTER = timedelta(days=365)


def create(*, item: Item, by: Person, registered_in: int | None = None) -> Item:
    """Give a new item its id, unit and place in the tree, and sign it. Not yet readable by anyone.

    `item` is unsaved, with its content; `by` is the author. `registered_in` (fiscal year) is for
    the demo and for imports. Raises ValidationError where the author holds no post.
    """
    today = clock.today()
    post = main_post(by, today)
    if item.owner_unit_id is None:
        if post is None:
            raise ValidationError("今日の所属が登録されていません。所属の人事担当に知らせてください。")
        item.owner_unit = post.unit
    item.occurred_on = item.occurred_on or today
    year = registered_in if registered_in is not None else fiscal_year(today)
    with transaction.atomic():
        item.public_id = next_public_id(item.PREFIX, registered_in=year)
        item.slug = item.public_id.lower()
        item.unit_name_at_time = unit_tree().name_then(item.owner_unit_id, item.occurred_on)
        item.owner = service_account()
        item.live = False
        item.has_unpublished_changes = True
        # Two writers under one parent would draw the same path; the parent's row is the lock.
        parent = YearPage.objects.select_for_update().get(pk=year_container(item.PREFIX, year).pk)
        parent.add_child(instance=item)
        authorship.sign(item=item, person=by)
    return item


@transaction.atomic
def publish(*, item: Item) -> Item:
    """Make the item's present content the one that readers see: a revision, then Wagtail's publish."""
    if item.review_due is None:
        item.review_due = clock.today() + REVIEW_AFTER
    # By our clock: Wagtail would take the machine's, and a day that others count from would be another day.
    item.first_published_at = item.first_published_at or clock.now()
    item.save(clean=False)
    revision = item.save_revision(clean=False)
    # Our own verbs have asked who may; Wagtail would ask the service account, which may nothing.
    revision.publish(user=service_account(), skip_permission_checks=True)
    item.refresh_from_db()
    if isinstance(item, Lesson) and item.supersedes_id:
        old = item.supersedes
        assert old is not None
        if old.state == State.PUBLISHED:
            old.state = State.SUPERSEDED
            old.save(clean=False)
    if isinstance(item, Retrospective):
        note_lookback(item)
    hooks.published(item)
    return item


def note_lookback(retrospective: Retrospective) -> None:
    """The published look-back of an ended challenge makes it ふりかえり済み (state machine of Challenge)."""
    challenge = retrospective.looks_back_on
    if challenge is not None and challenge.stage == challenge.Stage.ENDED:
        challenge.stage = challenge.Stage.RETROSPECTED
        challenge.save(clean=False)
        audit.record(actor=None, action="challenge.retrospected", obj=challenge, after={"by": retrospective.public_id})


@transaction.atomic
def submit(*, item: Item, by: Person) -> Item:
    """Send a created item on its way: at once to one's own unit, wider through the unit's reviewer."""
    require(authorship.is_author(item=item, person=by), "この記事を出せるのは、書いた人だけです。")
    if item.state not in (State.SUBMITTED, State.RETURNED):
        raise ValidationError("この項目は、もう出されています。")
    if item.audience in OWN:
        publish(item=item)
        audit.record(actor=by.user, action="item.published", obj=item, after={"audience": item.audience})
        return item
    item.state = State.SUBMITTED
    item.submitted_at = clock.now()
    item.save(clean=False)
    item.save_revision(clean=False)
    audit.record(actor=by.user, action="item.submitted", obj=item, after={"audience": item.audience})
    assert item.owner_unit_id is not None
    for reviewer in reviewers_of(item.owner_unit_id, clock.today()):
        if reviewer.pk != by.pk:
            notify(reviewer, text=f"「{item.title}」の確認をお願いします。", url="/review/")
    return item


@transaction.atomic
def change_audience(*, item: Item, user: Any, audience: str) -> Item:
    """Narrow at once; widen by asking the unit's reviewer (I3)."""
    require(may_edit(item=item, user=user), "公開範囲を変えられるのは、書いた人と所管所属の担当です。")
    if item.HAS_OWN_REVIEW:
        raise ValidationError("この項目の公開範囲は、それを作る画面で変えてください。")
    if audience not in WIDTH or audience == Audience.PUBLIC:
        raise ValidationError("公開範囲は、画面に出ている中から選び直してください。")
    before = {"audience": item.audience}
    if WIDTH[Audience(audience)] <= WIDTH[Audience(item.audience)] or audience in OWN:
        item.audience, item.requested_audience = audience, ""
    else:
        item.requested_audience, item.submitted_at = audience, clock.now()
        for reviewer in reviewers_of(item.owner_unit_id or 0, clock.today()):
            notify(reviewer, text=f"「{item.title}」の公開範囲を広げる確認をお願いします。", url="/review/")
    item.save(clean=False)
    after = {"audience": item.audience, "requested": item.requested_audience}
    audit.record(actor=user, action="item.audience", obj=item, before=before, after=after)
    return item


def may_edit(*, item: Item, user: Any) -> bool:
    """The author, the reviewers and the head of the owner unit of today, and the knowledge office."""
    if item.HAS_OWN_REVIEW:
        return item.may_be_kept_by(user)
    reader: Reader = reader_for(user)
    if reader.person_id is None and "km" not in reader.roles:
        return False
    if "km" in reader.roles and item.audience != Audience.SELF:
        return True
    if any(row.person_id == reader.person_id for row in item.authorships.all()):
        return True
    return item.audience != Audience.SELF and item.owner_unit_id in reader.review_unit_ids


@transaction.atomic
def withdraw(*, item: Item, user: Any, reason: str) -> Item:
    """取り下げ: readers meet a tombstone with the reason; nothing is deleted (I17)."""
    require(may_edit(item=item, user=user), "取り下げられるのは、書いた人と所管所属の担当です。")
    if item.state == State.WITHDRAWN:
        raise ValidationError("この項目は、もう取り下げられています。")
    if not reason.strip():
        raise ValidationError("取り下げるわけを書いてください。読みに来た人に見せます。")
    if len(reason) > 200:
        raise ValidationError(f"わけは200文字までです。{len(reason) - 200}文字けずってください。")
    before = {"state": item.state}
    item.withdrawn_reason, item.requested_audience = reason.strip(), ""
    item.save(clean=False)
    if item.live:
        UnpublishPageAction(item, user=service_account()).execute(skip_permission_checks=True)
    else:
        item.state = State.WITHDRAWN
        item.save(clean=False)
    item.refresh_from_db()
    audit.record(
        actor=user, action="item.withdrawn", obj=item, before=before, after={"state": item.state}, reason=reason
    )
    return item


def tell_authors(item: Item, text: str, url: str) -> None:
    """A notice to everyone who wrote the item."""
    for row in item.authorships.select_related("person"):
        notify(row.person, text=text, url=url)


def require(allowed: bool, message: str) -> None:
    """PermissionDenied with a sentence for the reader where `allowed` is false."""
    if not allowed:
        raise PermissionDenied(message)
