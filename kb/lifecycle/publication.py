"""The verbs of an item between its author and its readers: create, publish, submit, change audience, withdraw.

Each verb is a function with keyword-only arguments and runs in one transaction. It checks permission and state against
the table (kb.lifecycle.transitions), writes the audit event, and sends the notice that the table names. Publishing uses
Wagtail's revisions. Search learns of a change by signals.
"""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from wagtail.actions.unpublish_page import UnpublishPageAction

from kb import hooks
from kb.items import authorship
from kb.items.page_tree import year_container
from kb.items.permissions import may_edit, require_permission
from kb.lifecycle.transitions import ITEM, OWN, follow, send_notice
from kb.models import Item, YearPage
from kb.models.items.identifiers import next_public_id
from kb.models.items.states import State
from organization import audit, clock
from organization.accounts import service_account
from organization.appointments import main_post
from organization.audience import Audience
from organization.fiscal import fiscal_year
from organization.models import Person, User
from organization.units.tree import unit_tree

#: The audiences in order, the narrowest first. A wider audience needs a reviewer (I3).
WIDTH = {
    Audience.SELF: 0,
    Audience.UNIT: 1,
    Audience.DEPARTMENT: 2,
    Audience.PREFECTURE: 3,
    Audience.MUNICIPAL: 4,
    Audience.PUBLIC: 5,
}
#: 見直し期限 is twelve months later if the author sets none.
REVIEW_AFTER = timedelta(days=365)


def create(*, item: Item, by: Person, registered_in: int | None = None) -> Item:
    """Stores a new item with its id, unit, author and place in the page tree. No reader can read the item yet.

    `item` is unsaved and contains the content. `by` is the author. `registered_in` is a fiscal year; only the demo and
    imports use it. Raises no_post if the author holds no post today.
    """
    today = clock.today()
    post = main_post(by, today)
    if item.owner_unit_id is None:
        if post is None:
            raise ValidationError("今日の所属が登録されていません。所属の人事担当に知らせてください。", code="no_post")
        item.owner_unit = post.unit
    item.occurred_on = item.occurred_on or today
    year = registered_in if registered_in is not None else fiscal_year(today)
    with transaction.atomic():
        item.public_id = next_public_id(item.PREFIX, registered_in=year)
        item.slug = item.public_id.lower()
        item.unit_name_at_time = unit_tree().name_on(item.owner_unit_id, item.occurred_on)
        item.owner = service_account()
        item.live = False
        item.has_unpublished_changes = True
        # The row of the parent is locked. Otherwise two writers under one parent would get the same tree path.
        parent = YearPage.objects.select_for_update().get(pk=year_container(item.PREFIX, year).pk)
        parent.add_child(instance=item)
        authorship.record_author(item=item, person=by)
    return item


@transaction.atomic
def publish(*, item: Item) -> Item:
    """Shows the present content of the item to readers: saves a revision and publishes it."""
    if item.review_due is None:
        item.review_due = clock.today() + REVIEW_AFTER
    # Wagtail would use the clock of the machine. Deadlines count from this date, so it must come from
    # organization.clock.
    item.first_published_at = item.first_published_at or clock.now()
    item.save(clean=False)
    revision = item.save_revision(clean=False)
    # The verbs have already checked the permission. Wagtail would check the service account, which has no permission.
    revision.publish(user=service_account(), skip_permission_checks=True)
    item.refresh_from_db()
    for other, verb in item.consequences():
        follow(other, verb, cause=item)
    hooks.published(item)
    return item


@transaction.atomic
def submit(*, item: Item, by: Person) -> Item:
    """Submits a created item. It is published at once if its audience is the own unit or only the author. A wider
    audience needs the unit's reviewer.
    """
    require_permission(authorship.is_author(item=item, person=by), "この記事を出せるのは、書いた人だけです。")
    transition = ITEM.require("submit", item, "この項目は、もう出されています。")
    if transition.target == State.PUBLISHED:
        publish(item=item)
    else:
        item.state = State.SUBMITTED
        item.submitted_at = clock.now()
        item.save(clean=False)
        item.save_revision(clean=False)
    audit.record(actor=by.user, action=transition.action, obj=item, after={"audience": item.audience})
    send_notice(transition, item, url="/review/", sender=by)
    return item


@transaction.atomic
def change_audience(*, item: Item, user: User, audience: str) -> Item:
    """Makes the audience narrower at once, or asks the unit's reviewer to make it wider (I3)."""
    require_permission(may_edit(item=item, user=user), "公開範囲を変えられるのは、書いた人と所管所属の担当です。")
    if item.HAS_OWN_REVIEW:
        raise ValidationError("この項目の公開範囲は、それを作る画面で変えてください。", code="has_own_review")
    if audience not in WIDTH or audience == Audience.PUBLIC:
        raise ValidationError("公開範囲は、画面に出ている中から選び直してください。", code="invalid_audience")
    transition = ITEM.require("change_audience", item, "公開範囲を変えられるのは、公開している項目だけです。")
    before = {"audience": item.audience}
    widens = WIDTH[Audience(audience)] > WIDTH[Audience(item.audience)] and audience not in OWN
    if widens:
        item.requested_audience, item.submitted_at = audience, clock.now()
        send_notice(transition, item, url="/review/")
    else:
        item.audience, item.requested_audience = audience, ""
    item.save(clean=False)
    after = {"audience": item.audience, "requested": item.requested_audience}
    audit.record(actor=user, action=transition.action, obj=item, before=before, after=after)
    return item


@transaction.atomic
def withdraw(*, item: Item, user: User, reason: str) -> Item:
    """取り下げ: withdraws the item. From now on its page shows only the reason. Nothing is deleted (I17)."""
    require_permission(may_edit(item=item, user=user), "取り下げられるのは、書いた人と所管所属の担当です。")
    transition = ITEM.require("withdraw", item, "この項目は、もう取り下げられています。")
    if not reason.strip():
        raise ValidationError("取り下げるわけを書いてください。読みに来た人に見せます。", code="reason_required")
    if len(reason) > 200:
        message = f"わけは200文字までです。{len(reason) - 200}文字けずってください。"
        raise ValidationError(message, code="reason_too_long")
    before = {"state": item.state}
    item.withdrawn_reason, item.requested_audience = reason.strip(), ""
    item.save(clean=False)
    if item.live:
        UnpublishPageAction(item, user=service_account()).execute(skip_permission_checks=True)
    else:
        item.state = State.WITHDRAWN
        item.save(clean=False)
    item.refresh_from_db()
    after = {"state": item.state}
    audit.record(actor=user, action=transition.action, obj=item, before=before, after=after, reason=reason)
    return item
