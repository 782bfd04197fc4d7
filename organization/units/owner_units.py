"""The unit names under which search finds an item, and the items whose names change when a unit changes.

The `search_source` modules of the rooms use this module. It imports neither search nor any content model.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from organization.models import OrgUnitVersion
from organization.units.tree import UnitTree, unit_tree


def unit_part(owner_unit_id: int | None, tree: UnitTree) -> dict[str, Any]:
    """Returns the fields `unit_uid` and `unit_names` of a search document. `unit_names` contains today's name and
    all earlier names."""
    if owner_unit_id is None:
        return {}
    successor = tree.successor(owner_unit_id)
    # The names of merged units count as old names, because people still say 広聴課 after a merger.
    units = (owner_unit_id, successor, *sorted(tree.predecessors(successor)))
    names = [name for unit in units for name in tree.all_names(unit)]
    return {"unit_uid": tree.uid(successor), "unit_names": tuple(dict.fromkeys(names))}


def owned_by_lineage(model: type[Model], version: OrgUnitVersion) -> Iterable[int]:
    """Returns the pks of the rows of `model` that belong to the changed unit or to a related unit.

    Related units are the units below it, its predecessors and its successors.
    """
    tree, unit = unit_tree(), version.unit_id
    units = {unit, *tree.descendants(unit), *tree.predecessors(unit), *tree.successors(unit)}
    return model._default_manager.filter(owner_unit_id__in=units).values_list("pk", flat=True)
