"""Making, changing and ending assignment rules.

The training office rules for everybody, a head for the own unit and those below. A rule that has given anybody a path
keeps whom it was for: only its reason and its last day change, and it is never deleted. What a rule matches and does
is ``learning.rules.matching``.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet

from learning.access import permissions
from learning.models import AssignmentRule, LearningPath, Stage
from organization import audit, clock
from organization.models import Person, User
from organization.policy import Viewer, reader_for
from organization.posts import main_post

#: What may still change once somebody was given the path by the rule.
CHANGES_LATER = frozenset({"reason", "ends_on"})
SAID = (
    "path_id",
    "unit_id",
    "newcomers",
    "transferred",
    "heads",
    "titles",
    "unit_kinds",
    "years",
    "bound_to_post",
    "reason",
    "starts_on",
    "ends_on",
)


def rules_of(user: Viewer) -> QuerySet[AssignmentRule]:
    """The rules that `user` may see and change: all for the training office, else those of units managed today."""
    found = AssignmentRule.objects.select_related("path", "unit")
    if permissions.is_office(user):
        return found
    return found.filter(unit_id__in=reader_for(user).managed_unit_ids)


def may_rule(user: Viewer, unit_id: int | None) -> bool:
    """Whether `user` may rule for that unit and those below (None: for the whole prefecture)."""
    return permissions.is_office(user) or (unit_id is not None and unit_id in reader_for(user).managed_unit_ids)


def paths_for(user: Viewer) -> QuerySet[LearningPath]:
    """What a rule can give: active paths that its maker may open."""
    found: QuerySet[LearningPath] = LearningPath.objects.visible_to(user).filter(stage=Stage.ACTIVE)
    return found.order_by("title", "pk")


def is_used(rule: AssignmentRule) -> bool:
    return rule.pk is not None and rule.assignments.exists()


@transaction.atomic
def save(*, rule: AssignmentRule, by: User) -> AssignmentRule:
    """Make the rule, or keep what was changed. Raises PermissionDenied, ValidationError."""
    if not may_rule(by, rule.unit_id):
        raise PermissionDenied("この所属の割当規則は作れません。")
    before = AssignmentRule.objects.select_for_update().filter(pk=rule.pk).first() if rule.pk else None
    if before is not None and not may_rule(by, before.unit_id):
        raise PermissionDenied("この割当規則は変えられません。")
    if before is not None and is_used(before):
        changed = {name for name in SAID if getattr(before, name) != getattr(rule, name)}
        if changed - CHANGES_LATER:
            raise ValidationError(
                "この規則では、もう割り当てた人がいます。変えられるのは、理由と最後の日だけです。"
                "だれに割り当てるかを変えるときは、この規則を終わらせて、新しい規則を作ってください。"
            )
    if before is None:
        person: Person | None = getattr(by, "person", None)
        rule.by_post = main_post(person, clock.today()) if person is not None else None
    rule.full_clean(exclude=["by_post"])
    rule.save()
    audit.record(
        actor=by, action="rule.changed" if before else "rule.made", obj=rule, before=_said(before), after=_said(rule)
    )
    return rule


@transaction.atomic
def delete(*, rule: AssignmentRule, by: User) -> None:
    """Only what never gave anybody a path. Raises PermissionDenied, ValidationError."""
    row = AssignmentRule.objects.select_for_update().get(pk=rule.pk)
    if not may_rule(by, row.unit_id):
        raise PermissionDenied("この割当規則は消せません。")
    if is_used(row):
        raise ValidationError("この規則で割り当てた人がいるため、消せません。最後の日を入れて、終わらせてください。")
    audit.record(actor=by, action="rule.deleted", obj=row, before=_said(row))
    row.delete()


def _said(rule: AssignmentRule | None) -> dict[str, Any] | None:
    return {name: getattr(rule, name) for name in SAID} if rule is not None else None
