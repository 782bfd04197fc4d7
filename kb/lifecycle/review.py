"""The unit reviewer's list (受理 / 差戻し): what waits to be read wider than its unit.

Nobody accepts their own; after five working days of silence the knowledge office may (0009). It refuses a return without a comment.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from kb.lifecycle import transitions
from kb.lifecycle.transitions import require, tell_authors
from kb.models import Item
from kb.models.item import ItemQuerySet, State
from kb.writing.drafts import reopen
from organization import audit, clock
from organization.policy import reader_for
from organization.working_days import working_days_before

#: Working days after which the knowledge office may decide instead of the unit.
SILENCE = 5


def waiting_for(user: Any) -> ItemQuerySet:
    """Items on the list of this reviewer: sent or asking to widen, of own units; never one's own.

    The knowledge office also finds what a unit has left unanswered for five working days.
    """
    reader = reader_for(user)
    asked = Q(state=State.SUBMITTED) | (Q(state=State.PUBLISHED) & ~Q(requested_audience=""))
    mine = Q(owner_unit_id__in=reader.review_unit_ids)
    if "km" in reader.roles:
        mine |= Q(submitted_at__date__lte=working_days_before(clock.today(), SILENCE))
    found = Item.objects.filter(asked).filter(mine).exclude(Item.own_review_q())
    if reader.person_id is not None:
        found = found.exclude(authorships__person_id=reader.person_id)
    return found.order_by("submitted_at", "pk")


def may_review(*, item: Item, user: Any) -> bool:
    return bool(waiting_for(user).filter(pk=item.pk).exists())


@transaction.atomic
def accept(*, item: Item, user: Any) -> Item:
    """受理: the item becomes readable at the audience its author asked for."""
    require(may_review(item=item, user=user), "この項目を受理できる担当ではありません。")
    before = {"state": item.state, "audience": item.audience}
    if item.state == State.PUBLISHED:
        item.audience, item.requested_audience = item.requested_audience, ""
        item.save(clean=False)
    else:
        transitions.publish(item=item)
    audit.record(actor=user, action="item.accepted", obj=item, before=before, after={"state": item.state, "audience": item.audience})  # fmt: skip
    tell_authors(
        item, f"「{item.title}」が受理され、{item.get_audience_display()}に公開されました。", item.get_absolute_url()
    )
    return item


@transaction.atomic
def give_back(*, item: Item, user: Any, comment: str) -> Item:
    """差戻し: back to the author with a comment (required); what was published stays as it is."""
    require(may_review(item=item, user=user), "この項目を差し戻せる担当ではありません。")
    if not comment.strip():
        raise ValidationError("差戻しのわけと、どう直すとよいかを書いてください。")
    if item.state == State.PUBLISHED:
        item.requested_audience = ""
        item.save(clean=False)
        url = item.get_absolute_url()
    else:
        item.state = State.RETURNED
        item.save(clean=False)
        url = reopen(item=item, comment=comment)
    audit.record(actor=user, action="item.returned", obj=item, after={"state": item.state}, reason=comment)
    tell_authors(item, f"「{item.title}」が差し戻されました：{comment}", url)
    return item
