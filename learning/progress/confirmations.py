"""Steps that wait for a user's confirmation: of staff the user manages, and talks with a post the user holds.

The same rule as ``learning.progress.recording.may_confirm``, as a queryset; a test keeps both alike. Nobody confirms their own.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from learning.access import permissions
from learning.models import Step, StepProgress, StepType
from organization import clock
from organization.models import Person
from organization.policy import Viewer
from organization.posts import held_on


def waiting_for(user: Viewer) -> QuerySet[StepProgress]:
    """Submitted steps that `user` may accept or return, longest waiting first."""
    me: Person | None = getattr(user, "person", None)
    if me is None:
        return StepProgress.objects.none()
    posts = held_on(clock.today()).filter(person=me).values("post_id")
    held_posts = Step.objects.filter(
        version=OuterRef("assignment__version"), uid=OuterRef("step_uid"), type=StepType.ASK, post__in=posts
    )
    # A subquery for each waiting step: they are few beside the assignments that the user answers for.
    is_overseen = Exists(permissions.overseen_by_post(user).filter(pk=OuterRef("assignment_id")))
    submitted = StepProgress.objects.filter(state=StepProgress.State.SUBMITTED).exclude(assignment__person=me)
    # The item is never loaded: a confirmer must not see what was read or written (StepProgress.item).
    return submitted.filter(Q(is_overseen) | Q(Exists(held_posts))).defer("item").order_by("changed_at", "pk")
