"""組織改正: functions that rename, merge, split and abolish units.

No old data are rewritten: a version ends on the day before the change, and each unit keeps its id. Each function checks
the permission, and writes the OrgEvent and the audit event. Each function refuses a change after which work would have
no successor. When a unit ends, the unit tree moves the units below it to its main successor. Posts and appointments are
not moved, because the personnel office does that.

All functions raise PermissionDenied if the user may not do this. All functions raise ValidationError with the code
no_open_version if a unit has no version that could end.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from organization import audit
from organization.access_policy import KM, reader_for
from organization.models import OrgEvent, OrgUnit, OrgUnitVersion, User
from organization.units.tree import unit_tree

Kind = OrgEvent.Kind


@dataclass(frozen=True)
class Naming:
    """The name of a unit from the day of the change, and the unit above it. If `parent` is None, there is no unit
    above it."""

    name: str
    kana: str
    short: str = ""
    parent: OrgUnit | None = None


@transaction.atomic
def rename(*, unit: OrgUnit, to: Naming, on: date, actor: User) -> OrgEvent:
    """改称: gives the unit a new name. The parent may stay the same or change. The unit keeps its id."""
    _require_permission(actor)
    before = _close(unit, on)
    _open(unit, to, on)
    event = _event(Kind.RENAME, on, (unit,), (unit,), unit)
    audit.record(actor=actor, action="unit.renamed", obj=unit, before=before, after=_version_values(to, on))
    return event


@transaction.atomic
def merge(*, units: Collection[OrgUnit], into: OrgUnit, to: Naming | None = None, on: date, actor: User) -> OrgEvent:
    """統合: `units` end, and the unit `into` carries on their work.

    `into` may be one of `units`, another unit in force, or a new unit. For a new unit, `to` gives the name. Raises
    ValidationError with the code too_few_units or target_not_in_force.
    """
    _require_permission(actor)
    ending = [unit for unit in units if unit.pk != into.pk]
    if not ending:
        raise ValidationError("統合する所属を、二つ以上選んでください。", code="too_few_units")
    before = [_close(unit, on) for unit in ending]
    if to is not None:
        if unit_tree(on).is_in_force(into.pk):
            before.append(_close(into, on))
        _open(into, to, on)
    elif not unit_tree(on).is_in_force(into.pk):
        raise ValidationError(
            "統合先の所属が、その日にありません。名称を入れて新設してください。", code="target_not_in_force"
        )
    event = _event(Kind.MERGE, on, ending, (into,), into)
    after = {**(_version_values(to, on) if to else {}), "into": into.code, "on": on}
    for unit, values in zip(ending, before, strict=False):
        audit.record(actor=actor, action="unit.merged", obj=unit, before=values, after=after)
    return event


@transaction.atomic
def split(
    *, unit: OrgUnit, into: Collection[tuple[OrgUnit, Naming]], main_successor: OrgUnit, on: date, actor: User
) -> OrgEvent:
    """分割: one unit becomes several units. `main_successor` is one of the new units, and takes over the open and the
    overdue work.

    The old unit may remain as one of the new units, with a new name. The old unit then keeps everything that it owns.
    Raises ValidationError with the code too_few_units, successor_not_a_target, successor_must_be_the_unit or
    target_in_force.
    """
    _require_permission(actor)
    targets = [target for target, _ in into]
    if len(targets) < 2:
        raise ValidationError("分割でできる所属を、二つ以上入れてください。", code="too_few_units")
    if main_successor not in targets:
        raise ValidationError("主たる後継は、分割でできる所属の中から選んでください。", code="successor_not_a_target")
    if unit in targets and main_successor != unit:
        raise ValidationError(
            "元の所属が残るときは、主たる後継を元の所属にしてください。", code="successor_must_be_the_unit"
        )
    before = _close(unit, on)
    for target, naming in into:
        if target != unit and unit_tree(on).is_in_force(target.pk):
            raise ValidationError(
                f"「{target}」は、その日にもうあります。新しい所属を入れてください。", code="target_in_force"
            )
        _open(target, naming, on)
    event = _event(Kind.SPLIT, on, (unit,), targets, main_successor)
    after = {"into": [target.code for target in targets], "main_successor": main_successor.code, "on": on}
    audit.record(actor=actor, action="unit.split", obj=unit, before=before, after=after)
    return event


@transaction.atomic
def abolish(*, unit: OrgUnit, main_successor: OrgUnit, on: date, actor: User) -> OrgEvent:
    """廃止: the unit ends, and `main_successor` takes over its work. The main successor must be in force on that day.

    Raises ValidationError with the code successor_not_in_force.
    """
    _require_permission(actor)
    if main_successor == unit or not unit_tree(on).is_in_force(main_successor.pk):
        raise ValidationError(
            "仕事を引き継ぐ所属に、その日もある別の所属を選んでください。", code="successor_not_in_force"
        )
    before = _close(unit, on)
    event = _event(Kind.ABOLISH, on, (unit,), (main_successor,), main_successor)
    after = {"main_successor": main_successor.code, "on": on}
    audit.record(actor=actor, action="unit.abolished", obj=unit, before=before, after=after)
    return event


def _require_permission(actor: User) -> None:
    if not (actor.has_perm("organization.add_orgevent") or KM in reader_for(actor).roles):
        raise PermissionDenied("組織改正を登録できるのは、KM推進と管理者だけです。")


def _close(unit: OrgUnit, on: date) -> dict[str, object]:
    """Ends the unit's version on the day before the change. Returns the values of the version, for the audit event."""
    last = on - timedelta(days=1)
    version = OrgUnitVersion.objects.filter(unit=unit, valid_from__lte=last, valid_to__isnull=True).first()
    if version is None:
        raise ValidationError(
            f"「{unit}」には、{last}に続いている名称がありません。施行日か所属を確かめてください。",
            code="no_open_version",
        )
    version.valid_to = last
    version.save()
    return {"name": version.name, "parent": version.parent.code if version.parent else None, "valid_to": last}


def _open(unit: OrgUnit, naming: Naming, on: date) -> None:
    version = OrgUnitVersion(
        unit=unit, name=naming.name, kana=naming.kana, short=naming.short, parent=naming.parent, valid_from=on
    )
    version.full_clean()
    version.save()


def _event(
    kind: OrgEvent.Kind, on: date, before: Collection[OrgUnit], after: Collection[OrgUnit], main: OrgUnit
) -> OrgEvent:
    event = OrgEvent(kind=kind, effective_on=on, main_successor=main)
    event.full_clean()
    event.save()
    event.from_units.set(before)
    event.to_units.set(after)
    return event


def _version_values(naming: Naming, on: date) -> dict[str, object]:
    return {"name": naming.name, "parent": naming.parent.code if naming.parent else None, "valid_from": on}
