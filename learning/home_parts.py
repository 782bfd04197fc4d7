"""Adds to the home page: the user's running paths and, for a head, the number of newcomers without a path.

Two queries. Nothing is added if there is nothing to do. Steps to confirm are announced by notices.
"""

from __future__ import annotations

from django.http import HttpRequest

from kb.hooks import ItemPart
from learning.access import permissions
from learning.models import Assignment
from learning.team import matrix
from learning.team.matrix import TeamFilter
from organization import clock
from organization.models import Person


def to_learn(request: HttpRequest) -> ItemPart | None:
    """The user's most urgent running path and the number of the others; for heads, newcomers without a path."""
    person: Person | None = getattr(request.user, "person", None)
    if person is None:
        return None
    running = list(Assignment.objects.of(person).running().filter(start_on__lte=clock.today()))
    context = {
        "first": running[0] if running else None,
        "others": len(running) - 1,
        "newcomers": matrix.newcomers_count(request.user, TeamFilter()) if permissions.is_manager(request.user) else 0,
    }
    if not running and not context["newcomers"]:
        return None
    return ItemPart("learning/home_part.html", context)
