"""The reviewer's decision on one item: 受理 (accept), or 差戻し (return) with a comment."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from kb.items.permissions import require_permission
from kb.lifecycle import publication
from kb.lifecycle.review_queue import may_review
from kb.lifecycle.transitions import ITEM, send_notice
from kb.models import Item
from kb.models.items.states import State
from kb.writing.drafts import reopen
from organization import audit
from organization.models import User


@transaction.atomic
def accept(*, item: Item, user: User) -> Item:
    """受理: publishes the item, or gives it the wider audience that was requested. Returns the item.

    Raises PermissionDenied if `user` may not review the item. Raises ValidationError if the item does not wait for
    review.
    """
    require_permission(may_review(item=item, user=user), "この項目を受理できる担当ではありません。")
    transition = ITEM.require("accept", item, "この項目は、確認を待っていません。")
    before = {"state": item.state, "audience": item.audience}
    if transition.target == State.PUBLISHED:
        publication.publish(item=item)
    else:
        item.audience, item.requested_audience = item.requested_audience, ""
        item.save(clean=False)
    after = {"state": item.state, "audience": item.audience}
    audit.record(actor=user, action=transition.action, obj=item, before=before, after=after)
    send_notice(transition, item, url=item.get_absolute_url())
    return item


@transaction.atomic
def return_to_author(*, item: Item, user: User, comment: str) -> Item:
    """差戻し: returns the item to its author with a comment. If the item is published, its published version does not
    change.

    Raises PermissionDenied if `user` may not review the item. Raises ValidationError if the item does not wait for
    review, or if there is no comment (code `comment_required`).
    """
    require_permission(may_review(item=item, user=user), "この項目を差し戻せる担当ではありません。")
    if not comment.strip():
        raise ValidationError("差戻しのわけと、どう直すとよいかを書いてください。", code="comment_required")
    transition = ITEM.require("return", item, "この項目は、確認を待っていません。")
    if transition.target is not None:
        item.state = transition.target
        item.save(clean=False)
        url = reopen(item=item, comment=comment)
    else:
        item.requested_audience = ""
        item.save(clean=False)
        url = item.get_absolute_url()
    audit.record(actor=user, action=transition.action, obj=item, after={"state": item.state}, reason=comment)
    send_notice(transition, item, url=url, reason=comment)
    return item
