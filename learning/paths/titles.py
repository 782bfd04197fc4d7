"""The titles of paths for one reader. The title of a path that the reader may not open is hidden (I16)."""

from __future__ import annotations

from collections.abc import Collection

from learning.access import permissions
from learning.models import LearningPath
from organization.access_policy import Viewer

HIDDEN = "公開範囲の外の学習パス"


class PathTitles:
    """The titles of `paths` (pks) that `user` may know. One query."""

    def __init__(self, user: Viewer | None, paths: Collection[int]) -> None:
        readable = LearningPath.objects if permissions.is_office(user) else LearningPath.objects.visible_to(user)
        rows = readable.filter(pk__in=set(paths)).values_list("pk", "public_id", "title")
        self._known = {pk: (public_id, title) for pk, public_id, title in rows}

    def named(self, path_id: int) -> tuple[str, str]:
        """(public id, title) of a path. If the user may not open it: an empty id and a general title."""
        return self._known.get(path_id, ("", HIDDEN))

    def of(self, path_id: int) -> str:
        return self.named(path_id)[1]

    def pk_of(self, public_id: str) -> int:
        """The pk of the path with this public id; 0 if it is not among the paths that the user may know."""
        return next((pk for pk, (known, _) in self._known.items() if known == public_id), 0)
