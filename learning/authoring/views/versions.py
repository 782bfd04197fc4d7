"""Views that show a preview of a version, list the versions with the people on older versions, and copy a path."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path as url

from learning.access import path_permissions
from learning.access.requests import user_of
from learning.assignments.plan import OutsideUnitError
from learning.authoring import versions
from learning.authoring.forms.errors import add_errors
from learning.authoring.forms.path import OwnerForm
from learning.authoring.views.page import breadcrumb, form_page, path_or_404
from learning.paths.display import group_rows
from learning.paths.labels import minutes_words, validity_words
from learning.paths.lookup import open_path
from learning.paths.problems import closed_readings, current_items_of
from learning.paths.reading_targets import readable
from learning.paths.structure import outline_to_show
from organization import clock
from organization.appointments import main_posts
from organization.units.tree import unit_tree

PEOPLE_SHOWN = 100


@login_required
def preview_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Shows the newest version (or `?version=N`) as a learner will see the version, but without buttons."""
    path = path_or_404(request, public_id)
    number = request.GET.get("version", "")
    all_versions = path.versions.order_by("-number")
    version = (
        all_versions.filter(number=int(number)).first()
        if number.isdecimal() and len(number) < 5
        else all_versions.first()
    )
    if version is None:
        raise Http404
    shape = outline_to_show(version)
    current = current_items_of(shape.steps)
    readable_items = readable(shape.steps, request.user, current)
    shut = {reading.step.pk for reading in closed_readings(path, shape.steps, readable_items, current)}
    context = {
        "path": path,
        "version": version,
        "groups": group_rows(shape, readable_items),
        "minutes": minutes_words(shape.minutes),
        "validity": validity_words(version),
        "shut": shut,
        "step_count": len(shape.steps),
        "trail": breadcrumb(path, f"第{version.number}版のプレビュー"),
    }
    return render(request, "learning/preview.html", context)


@login_required
def versions_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Shows the versions, newest first, and the people on older versions. These people can be moved to the current
    version.
    """
    path = path_or_404(request, public_id, build=True)
    error = ""
    if request.method == "POST":
        try:
            moved = versions.move_people(path=path, by=user_of(request), uids=_chosen_uids(request))
        except OutsideUnitError:
            raise Http404 from None
        except ValidationError as refusal:
            error = refusal.messages[0]
        else:
            messages.success(request, f"{moved}人を今の版に移しました。すませたステップは引き継がれています。")
            return redirect("path_versions", public_id=public_id)
    movable = versions.movable(path=path, by=user_of(request))
    paginator = Paginator(movable.select_related("person", "version").order_by("version__number", "pk"), PEOPLE_SHOWN)
    people = paginator.get_page(request.GET.get("page"))
    posts, tree = main_posts([row.person for row in people], clock.today()), unit_tree()
    context = {
        "path": path,
        "versions": path.versions.order_by("-number"),
        "current": path.current_version(),
        "page": people,
        "error": error,
        "people": [(row, tree.name(post.unit_id) if (post := posts.get(row.person_id)) else "") for row in people],
        "trail": breadcrumb(path, "版と学んでいる人"),
    }
    return render(request, "learning/versions.html", context, status=422 if error else 200)


def _chosen_uids(request: HttpRequest) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(value) for value in request.POST.getlist("people")]
    except ValueError:
        raise Http404 from None


@login_required
def copy_path(request: HttpRequest, public_id: str) -> HttpResponse:
    """「写して作る」: create a path for the user's own unit from a path that the user may read."""
    path = open_path(request, public_id)
    if path.current_version() is None or not path_permissions.may_begin(request.user):
        raise Http404
    form = OwnerForm(request.POST or None, user=request.user, initial={"title": path.title, "audience": "unit"})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            copied = versions.copy(
                path=path,
                by=user_of(request),
                unit_id=values["unit"],
                audience=values["audience"],
                title=values["title"],
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "写しました。自分の所属に合わせて、ステップを直してください。")
            return redirect("path_build", public_id=copied.public_id)
    lead = f"「{path.title}」のステップを写して、別の学習パスを作ります。もとの学習パスは変わりません。"
    back = path.get_absolute_url()
    return form_page(request, form, title="写して作る", lead=lead, back=back, button="写して作りはじめる")


urlpatterns = [
    url("paths/<str:public_id>/preview/", preview_page, name="path_preview"),
    url("paths/<str:public_id>/versions/", versions_page, name="path_versions"),
    url("paths/<str:public_id>/copy/", copy_path, name="path_copy"),
]
