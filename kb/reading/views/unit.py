"""Units: the list of those in force, and the page of one with what it wrote, under all its names."""

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
from organization.models import OrgUnit
from organization.policy import reader_for
from organization.posts import manager_of
from organization.tree import unit_tree


@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Departments with their units of today."""
    tree = unit_tree()
    groups: dict[int, list[int]] = {}
    for unit_id, row in tree.units.items():
        if row.kind not in ("department", "municipality") and tree.is_in_force(unit_id):
            groups.setdefault(tree.department(unit_id), []).append(unit_id)
    listed = [
        {"name": tree.name(department), "units": [{"name": tree.name(u), "uid": tree.uid(u)} for u in units]}
        for department, units in groups.items()
    ]
    return render(request, "kb/units.html", {"groups": listed})


@login_required
def page(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """One unit: an abolished one shows what it wrote and names its heir."""
    unit = get_object_or_404(OrgUnit, uid=uid)
    tree = unit_tree()
    heir = tree.successor(unit.pk)
    past = sorted(tree.predecessors(unit.pk))
    found = (
        Item.objects.visible_to(request.user).filter(owner_unit_id__in=[unit.pk, *past]).newest().only("content_type")
    )
    pages = Paginator(found, 12)
    shown = pages.get_page(request.GET.get("page"))
    reader = reader_for(request.user)
    head = manager_of(heir, clock.today()) if reader.is_county else None
    versions = tree.units[unit.pk].versions
    context: dict[str, Any] = {
        "unit": unit,
        "name": tree.name(unit.pk),
        "department": tree.name(tree.department(unit.pk)),
        "heir": {"name": tree.name(heir), "uid": tree.uid(heir)} if heir != unit.pk else None,
        "history": [(v.name, v.first, v.last) for v in versions],
        "former": [{"name": tree.name(p), "uid": tree.uid(p)} for p in past],
        "head": head,
        "cards": cards(shown.object_list),
        "page": shown,
        "total": pages.count,
    }
    return render(request, "kb/unit.html", context)
