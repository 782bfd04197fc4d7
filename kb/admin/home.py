"""The home page of the admin: the work that waits for the knowledge office. Each entry links to the page where the work
is done.

Only items that the policy opens to the user are counted. The state of search is not shown, because kb never uses
search.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from wagtail.admin.ui.components import Component

from kb.admin.stale_report import current_unit_name, days_overdue
from kb.lifecycle.review_queue import OFFICE_AFTER_WORKING_DAYS, waiting_for
from kb.models import Item
from kb.models.items.item_queries import item_types, of_types
from organization import clock
from organization.access_policy import Viewer, reader_for
from organization.models.post import Duty
from organization.working_days import working_days_before

#: The number of rows in each list.
ROWS = 5
#: A review due date is "soon" if it is at most this far ahead.
SOON = timedelta(days=30)


def overdue_reviews(user: Viewer) -> QuerySet[Item]:
    """Returns the items on which the knowledge office may decide, because their unit has not decided for
    OFFICE_AFTER_WORKING_DAYS working days.
    """
    return waiting_for(user).filter(
        submitted_at__date__lte=working_days_before(clock.today(), OFFICE_AFTER_WORKING_DAYS)
    )


class TodayPanel(Component):
    """Shows the work that waits today: reviews, stale items, and drafts of the types that are made in the admin."""

    name = "office_today"
    order = 10
    template_name = "kb/office/today.html"

    def get_context_data(self, parent_context: Mapping[str, Any]) -> Mapping[str, Any]:
        user = parent_context["request"].user
        readable = Item.objects.allowed_for(user)
        today = clock.today()
        admin_types = [model for model in item_types() if model.MADE_IN_ADMIN]
        waiting, stale = overdue_reviews(user), readable.stale(today).order_by("review_due", "pk")
        return {
            "today": today,
            "silence": OFFICE_AFTER_WORKING_DAYS,
            "waiting_count": waiting.count(),
            "waiting": [(item, current_unit_name(item)) for item in waiting[:ROWS]],
            "stale_count": stale.count(),
            "stale": [(item, current_unit_name(item), days_overdue(item)) for item in stale[:ROWS]],
            "soon_count": readable.published().filter(review_due__range=(today, today + SOON)).count(),
            "stale_url": reverse("stale_report"),
            "drafts": readable.filter(of_types(admin_types), live=False)
            .exclude(state="withdrawn")
            .order_by("-latest_revision_created_at")[:ROWS],
        }


def home_panels(user: Viewer) -> list[Component]:
    """Returns the panels of the home page for this user. A user who does not belong to the knowledge office gets no
    panel.
    """
    return [TodayPanel()] if Duty.Role.KM in reader_for(user).roles else []
