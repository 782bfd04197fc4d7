"""The items that wait for a reviewer (受理 / 差戻し), because their audience is to be wider than their unit.

Nobody reviews an item that they wrote. If a unit has not decided after five working days, the knowledge office may
decide (0009).
"""

from __future__ import annotations

from django.db.models import Q

from kb.models import Item
from kb.models.items.item_queries import ItemQuerySet, own_review_q
from kb.models.items.states import State
from organization import clock
from organization.access_policy import Viewer, reader_for
from organization.working_days import working_days_before

#: The number of working days after which the knowledge office may decide instead of the unit.
OFFICE_AFTER_WORKING_DAYS = 5


def waiting_for(user: Viewer) -> ItemQuerySet:
    """Returns the items that `user` may review. They were submitted, or a wider audience was requested, in a unit that
    `user` reviews.

    The knowledge office also gets items that a unit has left undecided for five working days. Nobody gets an item that
    they wrote.
    """
    reader = reader_for(user)
    undecided = Q(state=State.SUBMITTED) | (Q(state=State.PUBLISHED) & ~Q(requested_audience=""))
    own_units = Q(owner_unit_id__in=reader.review_unit_ids)
    if "km" in reader.roles:
        own_units |= Q(submitted_at__date__lte=working_days_before(clock.today(), OFFICE_AFTER_WORKING_DAYS))
    waiting = Item.objects.filter(undecided).filter(own_units).exclude(own_review_q())
    if reader.person_id is not None:
        waiting = waiting.exclude(authorships__person_id=reader.person_id)
    return waiting.order_by("submitted_at", "pk")


def may_review(*, item: Item, user: Viewer) -> bool:
    return bool(waiting_for(user).filter(pk=item.pk).exists())
