"""Finds a path by the public id in an address."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest

from kb.models.items.item import PUBLIC_ID
from learning.models import LearningPath


def open_path(request: HttpRequest, public_id: str) -> LearningPath:
    """The path, if this user may read it. Raises Http404 if it is missing or forbidden."""
    path = LearningPath.objects.visible_to(request.user).filter(public_id=checked_id(public_id)).first()
    if path is None:
        raise Http404
    return path


def checked_id(public_id: str) -> str:
    """`public_id`, if it has the form of one; Http404 otherwise. An address may hold NUL, which PostgreSQL refuses."""
    if not re.fullmatch(PUBLIC_ID, public_id):
        raise Http404
    return public_id
