"""Shared by the screens of the path editor: finding a path that the user may open there, and a page with one form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from learning.access import path_permissions
from learning.models import LearningPath
from learning.paths.lookup import checked_id


def path_of(request: HttpRequest, public_id: str, *, build: bool = False) -> LearningPath:
    """The path, where this user may look at its builder (`build`: change it); missing and forbidden are both 404."""
    path = LearningPath.objects.filter(public_id=checked_id(public_id)).first()
    may = path_permissions.may_build if build else path_permissions.may_open
    if path is None or not may(path=path, user=request.user):
        raise Http404
    return path


def trail(path: LearningPath | None, label: str = "") -> list[dict[str, str]]:
    crumbs = [{"url": reverse("paths"), "label": "学習パス"}]
    if path is not None:
        crumbs.append({"url": reverse("path_build", args=[path.public_id]), "label": path.title})
    return [*crumbs, {"url": "", "label": label}]


def form_page(
    request: HttpRequest, form: forms.Form, *, title: str, path: LearningPath | None = None, **more: Any
) -> HttpResponse:
    """One form with its lead and its way back; `more` is lead, button, back, danger and what a template shows besides."""
    back = more.pop("back", "") or (reverse("path_build", args=[path.public_id]) if path else reverse("paths"))
    template = more.pop("template", "learning/build_form.html")
    context = {"form": form, "title": title, "path": path, "back": back, "trail": trail(path, title), **more}
    return render(request, template, context, status=422 if form.is_bound and form.errors else 200)
