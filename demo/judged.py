"""The demo's hand-written items, paths and courses by the names that relevance judgements use.

Items go by the keys of data/items/*.toml, paths by those of data/paths.toml (`path-…`), courses by number (`course-…`).

A name stays whatever the day is; public ids do not, for they carry the fiscal year of the day. What the `full`
demo adds by program is no judged document. It refuses to find an item by its title, which people may edit.
"""

from __future__ import annotations

from datetime import date

from demo.content import build_content
from demo.learning import path_tables
from demo.world import uid
from kb.models import Item
from learning.models import LearningPath, TrainingCourse


def names() -> dict[str, str]:
    """Name → key in the search index, of the written items that this database holds."""
    keys = [content.key for content in build_content("small", date(2000, 1, 1), [])]
    by_identity = {uid("item", key): key for key in keys}
    held = Item.objects.filter(translation_key__in=by_identity).values_list("translation_key", "pk")
    found = {by_identity[identity]: f"item:{pk}" for identity, pk in held}
    paths = {uid("path", table["key"]): f"path-{table['key']}" for table in path_tables()}
    taught = LearningPath.objects.filter(translation_key__in=paths).values_list("translation_key", "pk")
    found |= {paths[identity]: f"path:{pk}" for identity, pk in taught}
    courses = TrainingCourse.objects.standing().values_list("code", "pk")
    return found | {f"course-{code}": f"course:{pk}" for code, pk in courses}
