"""The list of the units that exist today, and the page of one unit. The page also shows the items of the unit's
predecessors.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from kb.items.cards import cards
from kb.models import Item
from organization import clock
from organization.access_policy import reader_for
from organization.appointments import manager_of
from organization.models import OrgUnit
from organization.units.tree import unit_tree


@login_required
def unit_list(request: HttpRequest) -> HttpResponse:
    """Shows the departments with the units that exist today."""
    tree = unit_tree()
    groups: dict[int, list[int]] = {}
    for unit_id, row in tree.units.items():
        if row.kind not in ("department", "municipality") and tree.is_in_force(unit_id):
            groups.setdefault(tree.department(unit_id), []).append(unit_id)
    departments = [
        {"name": tree.name(department), "units": [{"name": tree.name(u), "uid": tree.uid(u)} for u in units]}
        for department, units in groups.items()
    ]
    return render(request, "kb/units.html", {"groups": departments})


@login_required
def unit_page(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Shows one unit. The page of an abolished unit still shows its items, and names its main successor."""
    unit = get_object_or_404(OrgUnit, uid=uid)
    tree = unit_tree()
    heir = tree.successor(unit.pk)
    predecessors = sorted(tree.predecessors(unit.pk))
    items = (
        Item.objects.visible_to(request.user)
        .filter(owner_unit_id__in=[unit.pk, *predecessors])
        .newest()
        .only("content_type")
    )
    pages = Paginator(items, 12)
    page = pages.get_page(request.GET.get("page"))
    reader = reader_for(request.user)
    head = manager_of(heir, clock.today()) if reader.is_county else None
    versions = tree.units[unit.pk].versions
    context: dict[str, Any] = {
        "unit": unit,
        "name": tree.name(unit.pk),
        "department": tree.name(tree.department(unit.pk)),
        "heir": {"name": tree.name(heir), "uid": tree.uid(heir)} if heir != unit.pk else None,
        "history": [(version.name, version.first, version.last) for version in versions],
        "former": [{"name": tree.name(unit_id), "uid": tree.uid(unit_id)} for unit_id in predecessors],
        "head": head,
        "cards": cards(page.object_list),
        "page": page,
        "total": pages.count,
    }
    return render(request, "kb/unit.html", context)
