"""What learning adds to an item's page: the paths that teach it (never those the reader may not open)."""

from __future__ import annotations

from django.http import HttpRequest

from kb.models import Item
from kb.upper_rooms import ItemPart
from learning.models import LearningPath, PathVersion, Stage


def in_paths(request: HttpRequest, item: Item) -> ItemPart | None:
    """The active paths whose current version asks to read this item; None where there is none."""
    if isinstance(item, LearningPath):
        return None
    current = PathVersion.objects.filter(steps__item=item, released_at__isnull=False, path__stage=Stage.ACTIVE)
    paths = LearningPath.objects.visible_to(request.user).filter(versions__in=current).distinct()
    found = list(paths.order_by("title", "pk")[:10])
    return ItemPart("learning/item_part.html", {"paths": found}) if found else None
