"""The admin's first page: what waits for the knowledge office, and nothing else. Each line leads to its work.

It counts through the policy, and refuses to know what search has to do (kb never asks search).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from wagtail.admin.ui.components import Component

from kb.admin.stale_report import days_over, unit_today
from kb.lifecycle.review_queue import SILENCE, waiting_for
from kb.models import Item
from kb.models.item_queries import item_types, of_types
from organization import clock
from organization.models.post import Duty
from organization.policy import reader_for
from organization.working_days import working_days_before

#: How many rows a list shows before it leads on.
ROWS = 5
SOON = timedelta(days=30)


def silent(user: Any) -> QuerySet[Any]:
    """What a unit has left unanswered so long that the knowledge office may decide."""
    return waiting_for(user).filter(submitted_at__date__lte=working_days_before(clock.today(), SILENCE))


class Today(Component):
    name = "office_today"
    order = 10
    template_name = "kb/office/today.html"

    def get_context_data(self, parent_context: Mapping[str, Any]) -> Mapping[str, Any]:
        user = parent_context["request"].user
        readable = Item.objects.allowed_for(user)
        today = clock.today()
        own = [model for model in item_types() if model.MADE_IN_ADMIN]
        waiting, stale = silent(user), readable.stale(today).order_by("review_due", "pk")
        return {
            "today": today,
            "silence": SILENCE,
            "waiting_count": waiting.count(),
            "waiting": [(item, unit_today(item)) for item in waiting[:ROWS]],
            "stale_count": stale.count(),
            "stale": [(item, unit_today(item), days_over(item)) for item in stale[:ROWS]],
            "soon_count": readable.published().filter(review_due__range=(today, today + SOON)).count(),
            "stale_url": reverse("stale_report"),
            "drafts": readable.filter(of_types(own), live=False)
            .exclude(state="withdrawn")
            .order_by("-latest_revision_created_at")[:ROWS],
        }


def panels(user: Any) -> list[Component]:
    """The panels of this user's first page: the knowledge office's, where they are of it."""
    return [Today()] if Duty.Role.KM in reader_for(user).roles else []
