"""Finding a path by the public id in an address."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest

from kb.models.item import PUBLIC_ID
from learning.models import LearningPath


def open_path(request: HttpRequest, public_id: str) -> LearningPath:
    """The path, where this user may read it; missing and forbidden are both 404."""
    path = LearningPath.objects.visible_to(request.user).filter(public_id=checked_id(public_id)).first()
    if path is None:
        raise Http404
    return path


def checked_id(public_id: str) -> str:
    """The number, where it can be one: an address may hold anything, NUL too, which PostgreSQL answers with an error."""
    if not re.fullmatch(PUBLIC_ID, public_id):
        raise Http404
    return public_id
