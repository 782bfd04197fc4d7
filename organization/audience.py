"""Who an item is for, as codes and as the tokens that the search index keeps.

The item side names only uids and `role:`; what changes with time (who works where today) is on the
reader's side, in ``organization.policy``.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import models

from organization.tree import UnitTree, unit_tree


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
    """The token form of the policy: a reader who holds one of these may open the item.

    An audience that nobody knows opens to authors alone; a unit's audience without a unit to them
    and the knowledge office.
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
        named = tree.department(owner_unit_id) if audience == Audience.DEPARTMENT else owner_unit_id
        if uid := tree.uid(named):
            tokens |= {f"unit:{uid}"}
    return frozenset(tokens)
