"""The template context for the page of a learning path: steps, copies, and the actions that the user may take."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from learning.access import path_permissions, permissions
from learning.assignments.assigning import open_assignment
from learning.models import LearningPath, Stage
from learning.paths.display import group_rows
from learning.paths.labels import minutes_words, validity_words
from learning.paths.reading_targets import readable
from learning.paths.structure import outline_to_show
from organization.access_policy import Viewer

#: The page lists at most this many copies. Users find the others by search.
COPIES = 20


def page_context(request: HttpRequest, path: LearningPath) -> dict[str, Any]:
    """Returns the template context that a path has in addition to the context of every item page. It contains only what
    the user may see.
    """
    version = path.current_version()
    person = getattr(request.user, "person", None)
    assignment = open_assignment(person, path) if person else None
    if assignment is not None:
        version = assignment.version  # an open assignment stays on its version, so the learner sees that version
    shape = outline_to_show(version) if version else None
    active = path.stage == Stage.ACTIVE
    manages = permissions.is_manager(request.user) or permissions.is_office(request.user)
    return {
        "version": version,
        "groups": group_rows(shape, readable(shape.steps, request.user)) if shape else [],
        "minutes": minutes_words(shape.minutes) if shape else "",
        "step_count": len(shape.steps) if shape else 0,
        "validity": validity_words(version) if version else "",
        "mine": assignment,
        "may_enrol": active and person is not None and assignment is None,
        "may_assign": active and manages,
        "may_build": path_permissions.may_build(path=path, user=request.user),
        "may_copy": version is not None and path_permissions.may_begin(request.user),
        **copy_family(request.user, path),
    }


def copy_family(user: Viewer, path: LearningPath) -> dict[str, Any]:
    """Returns the path that `path` was copied from, and the paths that were copied from `path`. Only paths that `user`
    may open are named.
    """
    near = Q(copied_from=path) | Q(pk=path.copied_from_id)
    related = list(LearningPath.objects.visible_to(user).filter(near).order_by("title", "pk")[: COPIES + 1])
    origin = next((relative for relative in related if relative.pk == path.copied_from_id), None)
    return {
        "origin": origin,
        "origin_hidden": origin is None and path.copied_from_id is not None,
        "copies": [relative for relative in related if relative.copied_from_id == path.pk][:COPIES],
    }
