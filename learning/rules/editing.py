"""Creating, changing and deleting assignment rules.

The training office makes rules for everybody, a head for the own unit and those below. Once a rule has assigned its
path to anybody, only its reason and its last day can change, and it is never deleted. What a rule matches and does is
in ``learning.rules.matching``.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet

from learning.access import permissions
from learning.models import AssignmentRule, LearningPath, Stage
from organization import audit, clock
from organization.access_policy import Viewer, reader_for
from organization.appointments import main_post
from organization.models import Person, User

#: Fields that may still change once the rule has assigned its path to somebody.
EDITABLE_WHEN_USED = frozenset({"reason", "ends_on"})
AUDITED_FIELDS = (
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
    rules = AssignmentRule.objects.select_related("path", "unit")
    if permissions.is_office(user):
        return rules
    return rules.filter(unit_id__in=reader_for(user).managed_unit_ids)


def may_edit_rules_of(user: Viewer, unit_id: int | None) -> bool:
    """Whether `user` may edit rules for that unit and those below (None: for the whole prefecture)."""
    return permissions.is_office(user) or (unit_id is not None and unit_id in reader_for(user).managed_unit_ids)


def paths_for(user: Viewer) -> QuerySet[LearningPath]:
    """Paths that a rule can assign: active ones that its author may open."""
    paths: QuerySet[LearningPath] = LearningPath.objects.visible_to(user).filter(stage=Stage.ACTIVE)
    return paths.order_by("title", "pk")


def is_used(rule: AssignmentRule) -> bool:
    return rule.pk is not None and rule.assignments.exists()


@transaction.atomic
def save_rule(*, rule: AssignmentRule, by: User) -> AssignmentRule:
    """Create or update the rule. Raises PermissionDenied and ValidationError (rule_in_use, and of the model)."""
    if not may_edit_rules_of(by, rule.unit_id):
        raise PermissionDenied("この所属の割当規則は作れません。")
    before = AssignmentRule.objects.select_for_update().filter(pk=rule.pk).first() if rule.pk else None
    if before is not None and not may_edit_rules_of(by, before.unit_id):
        raise PermissionDenied("この割当規則は変えられません。")
    if before is not None and is_used(before):
        changed = {name for name in AUDITED_FIELDS if getattr(before, name) != getattr(rule, name)}
        if changed - EDITABLE_WHEN_USED:
            raise ValidationError(
                "この規則では、もう割り当てた人がいます。変えられるのは、理由と最後の日だけです。"
                "だれに割り当てるかを変えるときは、この規則を終わらせて、新しい規則を作ってください。",
                code="rule_in_use",
            )
    if before is None:
        person: Person | None = getattr(by, "person", None)
        rule.by_post = main_post(person, clock.today()) if person is not None else None
    rule.full_clean(exclude=["by_post"])
    rule.save()
    audit.record(
        actor=by,
        action="rule.changed" if before else "rule.made",
        obj=rule,
        before=_audited_values(before),
        after=_audited_values(rule),
    )
    return rule


@transaction.atomic
def delete_rule(*, rule: AssignmentRule, by: User) -> None:
    """Delete a rule that has never assigned its path. Raises PermissionDenied and ValidationError (rule_in_use)."""
    row = AssignmentRule.objects.select_for_update().get(pk=rule.pk)
    if not may_edit_rules_of(by, row.unit_id):
        raise PermissionDenied("この割当規則は消せません。")
    if is_used(row):
        raise ValidationError(
            "この規則で割り当てた人がいるため、消せません。最後の日を入れて、終わらせてください。", code="rule_in_use"
        )
    audit.record(actor=by, action="rule.deleted", obj=row, before=_audited_values(row))
    row.delete()


def _audited_values(rule: AssignmentRule | None) -> dict[str, Any] | None:
    return {name: getattr(rule, name) for name in AUDITED_FIELDS} if rule is not None else None
