"""The audiences of an item: their codes, and the tokens that the search index stores for them.

The tokens of an item contain only uids and roles, so they do not change with time. The tokens of a reader contain where
the reader works today (``organization.access_policy``).
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import models

from organization.units.tree import UnitTree, unit_tree


class Audience(models.TextChoices):
    SELF = "self", "じぶんだけ"
    UNIT = "unit", "所属内"
    DEPARTMENT = "department", "部局内"
    PREFECTURE = "prefecture", "庁内全体"
    MUNICIPAL = "municipal", "市町村まで"
    PUBLIC = "public", "公開"


class Attribution(models.TextChoices):
    NAMED = "named", "氏名を出す"
    POST_ONLY = "post_only", "職名だけ"
    UNIT_ONLY = "unit_only", "所属名だけ"


def audience_tokens(
    *, audience: str, owner_unit_id: int | None, author_uids: Collection[str], tree: UnitTree | None = None
) -> frozenset[str]:
    """Returns the tokens of an item. A reader who has one of these tokens may open the item.

    If the audience is unknown, only the authors may open the item. If the audience is 所属内 or 部局内 but there is no owner
    unit, only the authors and the knowledge office may open it.
    """
    if audience == Audience.PUBLIC:
        return frozenset({"public", "role:km"})
    people = {f"person:{uid}" for uid in author_uids}
    if audience == Audience.SELF or audience not in Audience.values:
        return frozenset(people)
    tokens = people | {"role:km"}
    if audience == Audience.MUNICIPAL:
        tokens |= {"municipal", "prefecture"}
    elif audience == Audience.PREFECTURE:
        tokens |= {"prefecture"}
    elif audience in (Audience.UNIT, Audience.DEPARTMENT) and owner_unit_id is not None:
        tree = tree or unit_tree()
        unit_id = tree.department(owner_unit_id) if audience == Audience.DEPARTMENT else owner_unit_id
        if uid := tree.uid(unit_id):
            tokens |= {f"unit:{uid}"}
    return frozenset(tokens)
