"""Steps that wait for a user's word: of those whom the user manages, and talks with a post that the user holds.

The same rule as ``learning.progress.recording.may_confirm``, as a queryset; a test keeps both alike. Nobody confirms their own.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from learning.access import permissions
from learning.models import Step, StepProgress, StepType
from organization import clock
from organization.models import Person
from organization.posts import held_on


def waiting_for(user: Any) -> QuerySet[StepProgress]:
    """Submitted steps that `user` may accept or return, longest waiting first."""
    me: Person | None = getattr(user, "person", None)
    if me is None:
        return StepProgress.objects.none()
    posts = held_on(clock.today()).filter(person=me).values("post_id")
    asked = Step.objects.filter(
        version=OuterRef("assignment__version"), uid=OuterRef("step_uid"), type=StepType.ASK, post__in=posts
    )
    # Asked of each waiting step: they are few beside the assignments that the user answers for.
    mine = Exists(permissions.overseen_by_post(user).filter(pk=OuterRef("assignment_id")))
    found = StepProgress.objects.filter(state=StepProgress.State.SUBMITTED).exclude(assignment__person=me)
    # Never the item: what was read or written is not for whoever confirms (StepProgress.item).
    return found.filter(Q(mine) | Q(Exists(asked))).defer("item").order_by("changed_at", "pk")
