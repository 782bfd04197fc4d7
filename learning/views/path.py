"""The page of a learning path at its permalink: what it teaches, its steps, and how to begin."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from learning.models import LearningPath
from learning.outline import outline
from learning.reading import readable


def shown(request: HttpRequest, path: LearningPath) -> dict[str, Any]:
    """What the path's template shows besides the frame of an item, trimmed to this reader."""
    version = path.current_version()
    shape = outline(version) if version else None
    return {
        "version": version,
        "outline": shape,
        "readable": readable(shape.steps, request.user) if shape else {},
    }
