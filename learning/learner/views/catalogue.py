"""The catalogue of learning paths, and self-enrolment."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path as url
from django.views.decorators.http import require_POST

from learning.access import path_permissions
from learning.access.requests import user_of
from learning.assignments import assigning
from learning.models import Assignment, LearningPath, PathVersion, Stage
from learning.paths.labels import minutes_words
from learning.paths.lookup import open_path
from learning.paths.reading_targets import reads_courses
from learning.paths.structure import Outline, outlines
from organization.access_policy import Viewer

SHOWN = 24
#: The limit for each list of paths that an editor works on. The editor finds the other paths by search.
WORKED_ON = 50


@login_required
def catalogue_page(request: HttpRequest) -> HttpResponse:
    """Shows the active paths that the user may open, with the user's state on each path. Editors also see the paths
    that they work on.
    """
    active = LearningPath.objects.visible_to(request.user).filter(stage=Stage.ACTIVE).order_by("title", "pk")
    page = Paginator(active, SHOWN).get_page(request.GET.get("page"))
    return render(
        request,
        "learning/paths.html",
        {
            "page": page,
            "cards": _path_cards(request.user, list(page.object_list)),
            "may_begin": path_permissions.may_begin(request.user),
            "reads_courses": reads_courses(request.user),
            **_paths_in_work(request.user),
        },
    )


def _path_cards(user: Viewer, paths: list[LearningPath]) -> list[dict[str, Any]]:
    """Returns one card for each path. Four queries, for any number of paths."""
    current: dict[int, PathVersion] = {}
    for version in PathVersion.objects.filter(path__in=paths, released_at__isnull=False).order_by("number"):
        current[version.path_id] = version
    shapes = outlines(version.pk for version in current.values())
    standing_by_path: dict[int, str] = {}
    person = getattr(user, "person", None)
    if person is not None:
        for row in Assignment.objects.filter(person=person, path__in=paths).exclude(state="cancelled").order_by("pk"):
            standing_by_path[row.path_id] = row.standing()
    return [_path_card(path, current.get(path.pk), shapes, standing_by_path.get(path.pk, "")) for path in paths]


def _path_card(
    path: LearningPath, version: PathVersion | None, shapes: dict[int, Outline], standing: str
) -> dict[str, Any]:
    shape = shapes.get(version.pk) if version else None
    return {
        "path": path,
        "goal": version.goal if version else "",
        "due": version.due_words() if version else "",
        "minutes": minutes_words(shape.minutes) if shape else "",
        "steps": len(shape.steps) if shape else 0,
        "mine": standing,
    }


def _paths_in_work(user: Viewer) -> dict[str, Any]:
    """Returns the paths that wait for this user's consent, and the paths that this user edits. Empty if the user
    neither edits paths nor gives consent.
    """
    if not path_permissions.may_begin(user) and not path_permissions.may_agree(user):
        return {}
    paths = path_permissions.buildable(user).order_by("-pk")
    unfinished = Q(stage__in=(Stage.DRAFT, Stage.REVIEW)) | ~Q(requested_audience="")
    rows = list(paths.filter(unfinished)[: 2 * WORKED_ON])
    return {
        "waiting": [row for row in rows if row.stage != Stage.DRAFT],
        "drafts": [row for row in rows if row.stage == Stage.DRAFT],
        "retired": paths.filter(stage=Stage.RETIRED)[:WORKED_ON],
    }


@login_required
@require_POST
def enrol(request: HttpRequest, public_id: str) -> HttpResponse:
    """「学びはじめる」: create the user's own assignment. Nobody else sees the assignment unless the user shares it."""
    path = open_path(request, public_id)
    if getattr(request.user, "person", None) is None:
        raise Http404
    try:
        assignment = assigning.enrol(path=path, by=user_of(request))
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(path.get_absolute_url())
    messages.success(request, "学習を始めました。所属長には、見せると決めるまで見えません。")
    return redirect("my_learning", uid=assignment.uid)


urlpatterns = [
    url("paths/", catalogue_page, name="paths"),
    url("paths/<str:public_id>/enrol/", enrol, name="path_enrol"),
]
