"""What an owner unit says of the rows it owns: the names that find them, and which rows a changed unit touches.

For the rooms' `search_source` modules; it knows neither search nor any model of content.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from organization.models import OrgUnitVersion
from organization.tree import UnitTree, unit_tree


def unit_part(owner_unit_id: int | None, tree: UnitTree) -> dict[str, Any]:
    """Every name, then and now, by which the owner unit should be found."""
    if owner_unit_id is None:
        return {}
    now = tree.successor(owner_unit_id)
    # What became part of the unit counts as its old name: people go on saying 広聴課 after a merger.
    units = (owner_unit_id, now, *sorted(tree.predecessors(now)))
    names = [name for unit in units for name in tree.all_names(unit)]
    return {"unit_uid": str(tree.uid(now)), "unit_names": tuple(dict.fromkeys(names))}


def owned(model: Any, version: OrgUnitVersion) -> Iterable[Any]:
    """Rows of the unit that changed, of those below it, before it and after it: their names and tokens changed."""
    tree, unit = unit_tree(), version.unit_id
    units = {unit, *tree.descendants(unit), *tree.predecessors(unit), *tree.successors(unit)}
    return model.objects.filter(owner_unit_id__in=units).values_list("pk", flat=True)
