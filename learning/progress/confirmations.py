"""Finds the steps that wait for a user's confirmation: steps of staff that the user manages, and ASK steps of a post
that the user holds.

This is the rule of ``learning.progress.recording.may_confirm`` as a queryset; a test keeps both alike. Nobody confirms
their own steps (I11).
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from learning.access import permissions
from learning.models import Step, StepProgress, StepType
from organization import clock
from organization.access_policy import Viewer
from organization.appointments import held_on
from organization.models import Person


def waiting_for(user: Viewer) -> QuerySet[StepProgress]:
    """Submitted steps that `user` may accept or return, longest waiting first."""
    me: Person | None = getattr(user, "person", None)
    if me is None:
        return StepProgress.objects.none()
    posts = held_on(clock.today()).filter(person=me).values("post_id")
    held_posts = Step.objects.filter(
        version=OuterRef("assignment__version"), uid=OuterRef("step_uid"), type=StepType.ASK, post__in=posts
    )
    # A subquery for each submitted step: there are far fewer of them than assignments that the user manages.
    is_overseen = Exists(permissions.overseen_by_post(user).filter(pk=OuterRef("assignment_id")))
    submitted = StepProgress.objects.filter(state=StepProgress.State.SUBMITTED).exclude(assignment__person=me)
    # `item` is not loaded, because a confirmer must not see what was read or written.
    return submitted.filter(Q(is_overseen) | Q(Exists(held_posts))).defer("item").order_by("changed_at", "pk")
