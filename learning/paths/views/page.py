"""What the builder's screens share: finding a path that this user may open there, and a page with one form."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from kb.models.item import PUBLIC_ID
from learning.access import path_permissions
from learning.models import LearningPath
from organization.models import User


def me(request: HttpRequest) -> User:
    """Who asks; the views are for logged-in accounts only."""
    assert isinstance(request.user, User)
    return request.user


def path_of(request: HttpRequest, public_id: str, *, build: bool = False) -> LearningPath:
    """The path, where this user may look at its builder (`build`: change it); missing and forbidden are both 404."""
    found = LearningPath.objects.filter(public_id=_number(public_id)).first()
    may = path_permissions.may_build if build else path_permissions.may_open
    if found is None or not may(path=found, user=request.user):
        raise Http404
    return found


def open_path(request: HttpRequest, public_id: str) -> LearningPath:
    """The path, where this user may read it; missing and forbidden are both 404."""
    found = LearningPath.objects.visible_to(request.user).filter(public_id=_number(public_id)).first()
    if found is None:
        raise Http404
    return found


def _number(public_id: str) -> str:
    """The number, where it can be one: an address may hold anything, NUL too, which PostgreSQL answers with an error."""
    if not re.fullmatch(PUBLIC_ID, public_id):
        raise Http404
    return public_id


def trail(path: LearningPath | None, label: str = "") -> list[dict[str, str]]:
    found = [{"url": reverse("paths"), "label": "学習パス"}]
    if path is not None:
        found.append({"url": reverse("path_build", args=[path.public_id]), "label": path.title})
    return [*found, {"url": "", "label": label}]


def form_page(
    request: HttpRequest, form: forms.Form, *, title: str, path: LearningPath | None = None, **more: Any
) -> HttpResponse:
    """One form with its lead and its way back; `more` is lead, button, back, danger and what a template shows besides."""
    back = more.pop("back", "") or (reverse("path_build", args=[path.public_id]) if path else reverse("paths"))
    template = more.pop("template", "learning/build_form.html")
    context = {"form": form, "title": title, "path": path, "back": back, "trail": trail(path, title), **more}
    return render(request, template, context, status=422 if form.is_bound and form.errors else 200)
