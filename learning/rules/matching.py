"""Assignment rules (割当規則): the people a rule matches on a day, and assigning its path to them automatically.

`matching_people` reads only appointments that are announced today (I8). `apply_rule` assigns the path. People whose
assignment was cancelled or waived in the present appointment do not get it again, and people on leave get nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from learning.access import permissions
from learning.assignments import newcomers
from learning.assignments.assigning import assign, holds, plan
from learning.assignments.plan import Order
from learning.models import OPEN, Assignment, AssignmentRule, AssignmentState, Source, Stage
from learning.models.assignment import valid_q
from organization.access_policy import reader_for
from organization.appointments import main_appointments, on_leave
from organization.fiscal import fiscal_year
from organization.models import Appointment, OrgUnit, Person, User
from organization.models.post import AppointmentQuerySet
from organization.units.tree import unit_tree

#: People assigned in one transaction, so that the database is not locked for long.
BATCH = 500
#: Rules counted in one query; the query lists the units of each.
RULES_PER_QUERY = 40
WITHDRAWN_STATES = (AssignmentState.CANCELLED, AssignmentState.WAIVED)


@dataclass(frozen=True)
class RuleRun:
    """The result of applying one rule; `problem` says why it failed, entirely or for some people."""

    assigned: int = 0
    problem: str = ""


def matching_people(rule: AssignmentRule, on: date) -> list[tuple[Person, str]]:
    """The people whom the rule matches on that day, with the reason, ordered by kana; always two queries."""
    return [(row.person, _matched_criteria(rule, row, on)) for row in _rows(rule, on)]


def counts(rules: Iterable[AssignmentRule], on: date) -> dict[int, int]:
    """Maps the pk of each rule to the number of people that it matches on that day. One query for forty rules."""
    known_rules = list(rules)
    with_criteria = [rule for rule in known_rules if rule.words()]
    result: dict[int, int] = {rule.pk: 0 for rule in known_rules}
    for start in range(0, len(with_criteria), RULES_PER_QUERY):
        aggregates = {
            f"rule_{rule.pk}": Count("pk", filter=_criteria_q(rule, on))
            for rule in with_criteria[start : start + RULES_PER_QUERY]
        }
        result |= {int(name.removeprefix("rule_")): n for name, n in _county(on).aggregate(**aggregates).items()}
    return result


def _rows(rule: AssignmentRule, on: date) -> list[Appointment]:
    """The matching main appointments; a rule without criteria matches nobody."""
    if not rule.words():
        return []
    rows = _county(on).filter(_criteria_q(rule, on))
    return list(rows.select_related("person", "post__unit").order_by("person__kana", "person_id"))


def _county(on: date) -> AppointmentQuerySet:
    return main_appointments(on).filter(person__employment__in=Person.COUNTY)


def _criteria_q(rule: AssignmentRule, on: date) -> Q:
    """The rule as a filter on main appointments: all criteria that are set must hold."""
    criteria = Q()
    if rule.unit_id is not None:
        criteria &= Q(post__unit_id__in=_unit_ids(rule.unit_id, on))
    if rule.newcomers:
        criteria &= newcomers.newcomers_q(on, "person__")
    if rule.transferred:
        criteria &= newcomers.transferred_q(on)
    if rule.heads:
        criteria &= Q(post__is_head=True)
    if rule.titles:
        criteria &= Q(post__title__in=rule.titles)
    if rule.unit_kinds:
        criteria &= Q(post__unit__kind__in=rule.unit_kinds)
    if rule.years:
        joined = Q(pk__in=())
        for nth in rule.years:
            joined |= newcomers.joined_in(fiscal_year(on) - nth + 1, "person__")
        criteria &= joined
    return criteria


def _unit_ids(unit_id: int, on: date) -> set[int]:
    """The unit (or its successor), all units below it, and the abolished units they succeed."""
    tree = unit_tree(on)
    now = tree.successor(unit_id)
    return {member for unit in (now, *tree.descendants(now)) for member in tree.inherited(unit)}


def _matched_criteria(rule: AssignmentRule, row: Appointment, on: date) -> str:
    """「新任、2年目」: the criteria that this person meets."""
    joined = row.person.joined_on
    labels = [
        ("新任", rule.newcomers),
        ("転入", rule.transferred),
        ("所属長の職", rule.heads),
        (row.post.title, bool(rule.titles)),
        (f"{OrgUnit.Kind(row.post.unit.kind).label}の職員", bool(rule.unit_kinds)),
        (f"{fiscal_year(on) - fiscal_year(joined) + 1 if joined else ''}年目", bool(rule.years)),
    ]
    return "、".join(word for word, is_set in labels if is_set)


def in_force(on: date) -> QuerySet[AssignmentRule]:
    """Rules in force on that day whose path is active."""
    rows = AssignmentRule.objects.filter(starts_on__lte=on, path__stage=Stage.ACTIVE).select_related("path", "unit")
    return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on)).order_by("pk")


def apply_rule(rule: AssignmentRule, on: date) -> RuleRun:
    """Assign the rule's path to the matching people who do not have it. Safe to repeat.

    An appointment in force has begun, so the assignment starts on the day of the run.
    """
    rows = _without_decided(rule, _rows(rule, on), on)
    order = Order(
        path=rule.path, start_on=on, reason=rule.reason, bound_to_post=rule.bound_to_post, source=Source.RULE, rule=rule
    )
    assigned, problem = 0, ""
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        try:
            planned = plan(order=order, people=[row.person for row in batch], whys={})
            assigned += len(assign(plan=planned, by=None)) if planned.lines else 0
        except ValidationError as error:
            problem = error.messages[0]
    return RuleRun(assigned, problem)


def people_having_path(rule: AssignmentRule, on: date, *, user: User) -> set[int]:
    """The pks of the people who have the path of the rule, without those whose assignments `user` may not see. One query.

    They are learning it, or hold a completion whose renewal is not open yet. Private assignments do not count, nor do
    shared self-started ones: applying the rule takes these over (0029).
    """
    visible = Exists(permissions.overseen_by_post(user).filter(pk=OuterRef("pk")))
    has = Q(state__in=OPEN) & ~Q(source=Source.SELF) | valid_q(on)
    # Managers do not oversee their own rows, but know them.
    rows = Assignment.objects.filter(has, visible | Q(person=reader_for(user).person_id), path=rule.path_id)
    rows = rows.select_related("version").only("person", "state", "valid_until", "version__renew_window_days")
    return {row.person_id for row in rows if row.is_open or holds(row, on)}


def _without_decided(rule: AssignmentRule, rows: Sequence[Appointment], on: date) -> list[Appointment]:
    """Drop people who have the path, are on leave, or had it cancelled or waived in the present appointment.

    Self-started assignments do not count: open ones are taken over (0029).
    """
    assignments = Assignment.objects.filter(path=rule.path_id)
    learning = set(assignments.open().exclude(source=Source.SELF).values_list("person_id", flat=True))
    on_leave_ids = set(on_leave(on).values_list("person_id", flat=True))
    ended = assignments.filter(state__in=WITHDRAWN_STATES).exclude(source=Source.SELF).order_by("closed_on")
    withdrawn_on: dict[int, date | None] = dict(ended.values_list("person_id", "closed_on"))
    return [
        row
        for row in rows
        if row.person_id not in learning | on_leave_ids
        and (withdrawn_on.get(row.person_id) or row.starts_on - timedelta(days=1)) < row.starts_on
    ]
