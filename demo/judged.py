"""The names by which relevance judgements refer to the demo's hand-written items, paths and courses.

The name of an item is its key in data/items/*.toml. The name of a path is `path-` and its key in data/paths.toml. The
name of a course is `course-` and its number. These names are the same on every day. Public ids are not used as names,
because they contain the fiscal year. Titles are not used, because people may edit them. The items that a program adds
to the `full` demo have no judgements.
"""

from __future__ import annotations

from datetime import date

from demo.content import build_content
from demo.learning import path_tables
from demo.world import uid
from kb.models import Item
from learning.models import LearningPath, TrainingCourse


def names() -> dict[str, str]:
    """Returns the search index key for each name. Contains only hand-written documents that are in this database."""
    keys = [content.key for content in build_content("small", date(2000, 1, 1), [])]
    by_identity = {uid("item", key): key for key in keys}
    items = Item.objects.filter(translation_key__in=by_identity).values_list("translation_key", "pk")
    key_by_name = {by_identity[identity]: f"item:{pk}" for identity, pk in items}
    paths = {uid("path", table["key"]): f"path-{table['key']}" for table in path_tables()}
    path_rows = LearningPath.objects.filter(translation_key__in=paths).values_list("translation_key", "pk")
    key_by_name |= {paths[identity]: f"path:{pk}" for identity, pk in path_rows}
    courses = TrainingCourse.objects.standing().values_list("code", "pk")
    return key_by_name | {f"course-{code}": f"course:{pk}" for code, pk in courses}
