"""The names under which a unit's items are found, and the items that a changed unit affects.

Used by the `search_source` modules of the rooms. Imports neither search nor any content model.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from organization.models import OrgUnitVersion
from organization.units.tree import UnitTree, unit_tree


def unit_part(owner_unit_id: int | None, tree: UnitTree) -> dict[str, Any]:
    """The fields `unit_uid` and `unit_names` of a search document; the names are today's and all earlier ones."""
    if owner_unit_id is None:
        return {}
    successor = tree.successor(owner_unit_id)
    # The names of merged units count as old names: people still say 広聴課 after a merger.
    units = (owner_unit_id, successor, *sorted(tree.predecessors(successor)))
    names = [name for unit in units for name in tree.all_names(unit)]
    return {"unit_uid": tree.uid(successor), "unit_names": tuple(dict.fromkeys(names))}


def owned_by_lineage(model: type[Model], version: OrgUnitVersion) -> Iterable[int]:
    """Pks of the rows of `model` whose owner is the changed unit, a unit below it, a predecessor or a successor."""
    tree, unit = unit_tree(), version.unit_id
    units = {unit, *tree.descendants(unit), *tree.predecessors(unit), *tree.successors(unit)}
    return model._default_manager.filter(owner_unit_id__in=units).values_list("pk", flat=True)
