"""For the rooms' `search_source` modules: the names under which a unit's items are found, and the items that a
changed unit affects. Knows neither search nor any content model.
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
    # The names of merged units count as old names: people go on saying 広聴課 after a merger.
    units = (owner_unit_id, now, *sorted(tree.predecessors(now)))
    names = [name for unit in units for name in tree.all_names(unit)]
    return {"unit_uid": str(tree.uid(now)), "unit_names": tuple(dict.fromkeys(names))}


def owned(model: Any, version: OrgUnitVersion) -> Iterable[Any]:
    """Pks of the rows owned by the changed unit, by those below it, and by its predecessors and successors."""
    tree, unit = unit_tree(), version.unit_id
    units = {unit, *tree.descendants(unit), *tree.predecessors(unit), *tree.successors(unit)}
    return model.objects.filter(owner_unit_id__in=units).values_list("pk", flat=True)
