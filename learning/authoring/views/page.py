"""Functions that the views of the path editor share.

They load a path that the user may edit, and render a page with one form.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from learning.access import path_permissions
from learning.models import LearningPath
from learning.paths.lookup import checked_id


def path_or_404(request: HttpRequest, public_id: str, *, build: bool = False) -> LearningPath:
    """Returns the path if this user may open the path in the editor. With `build`, the user also has to be allowed to
    change the path.

    Raises Http404 if the path is missing or the user is not allowed.
    """
    path = LearningPath.objects.filter(public_id=checked_id(public_id)).first()
    is_allowed = path_permissions.may_build if build else path_permissions.may_open
    if path is None or not is_allowed(path=path, user=request.user):
        raise Http404
    return path


def breadcrumb(path: LearningPath | None, label: str = "") -> list[dict[str, str]]:
    crumbs = [{"url": reverse("paths"), "label": "学習パス"}]
    if path is not None:
        crumbs.append({"url": reverse("path_build", args=[path.public_id]), "label": path.title})
    return [*crumbs, {"url": "", "label": label}]


def form_page(
    request: HttpRequest, form: forms.Form, *, title: str, path: LearningPath | None = None, **more: Any
) -> HttpResponse:
    """Renders a page with one form. The status is 422 if the form has errors.

    `more` may contain lead, button, back, danger and template. All other values are added to the template context.
    """
    back = more.pop("back", "") or (reverse("path_build", args=[path.public_id]) if path else reverse("paths"))
    template = more.pop("template", "learning/build_form.html")
    context = {"form": form, "title": title, "path": path, "back": back, "trail": breadcrumb(path, title), **more}
    return render(request, template, context, status=422 if form.is_bound and form.errors else 200)
