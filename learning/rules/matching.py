"""Rules (割当規則): whom a rule matches on a day, and giving them its path without anybody pressing a button.

`matching` reads what is announced today (I8) and nothing else; `run` assigns, and refuses to undo a decision: who had
the path cancelled or waived in the present appointment is not given it again. Nobody on leave is given anything.
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
from organization.fiscal import fiscal_year
from organization.models import Appointment, OrgUnit, Person, User
from organization.models.post import AppointmentQuerySet
from organization.policy import reader_for
from organization.posts import main_appointments, on_leave
from organization.tree import unit_tree

#: So many people are assigned in one transaction: the database is never held for long.
BATCH = 500
#: So many rules are counted in one query, which names the units of each.
AT_ONCE = 40
UNDONE = (AssignmentState.CANCELLED, AssignmentState.WAIVED)


@dataclass(frozen=True)
class Outcome:
    """What one run of one rule did; `problem` says why it could not be run, or not for everybody."""

    assigned: int = 0
    problem: str = ""


def matching(rule: AssignmentRule, on: date) -> list[tuple[Person, str]]:
    """The people whom the rule matches on that day and why, by reading; two queries, whatever their number."""
    return [(row.person, _why(rule, row, on)) for row in _rows(rule, on)]


def counts(rules: Iterable[AssignmentRule], on: date) -> dict[int, int]:
    """By pk of each rule: how many people it matches on that day; one query for forty rules."""
    known = list(rules)
    asked = [rule for rule in known if rule.words()]
    found: dict[int, int] = {rule.pk: 0 for rule in known}
    for start in range(0, len(asked), AT_ONCE):
        some = {f"rule_{rule.pk}": Count("pk", filter=_asks(rule, on)) for rule in asked[start : start + AT_ONCE]}
        found |= {int(name.removeprefix("rule_")): n for name, n in _county(on).aggregate(**some).items()}
    return found


def _rows(rule: AssignmentRule, on: date) -> list[Appointment]:
    """Their main appointments; a rule without any criteria matches nobody."""
    if not rule.words():
        return []
    rows = _county(on).filter(_asks(rule, on))
    return list(rows.select_related("person", "post__unit").order_by("person__kana", "person_id"))


def _county(on: date) -> AppointmentQuerySet:
    return main_appointments(on).filter(person__employment__in=Person.COUNTY)


def _asks(rule: AssignmentRule, on: date) -> Q:
    """What a rule asks of a main appointment: all criteria that are set must hold."""
    asked = Q()
    if rule.unit_id is not None:
        asked &= Q(post__unit_id__in=_unit_ids(rule.unit_id, on))
    if rule.newcomers:
        asked &= newcomers.newcomers_q(on, "person__")
    if rule.transferred:
        asked &= newcomers.transferred_q(on)
    if rule.heads:
        asked &= Q(post__is_head=True)
    if rule.titles:
        asked &= Q(post__title__in=rule.titles)
    if rule.unit_kinds:
        asked &= Q(post__unit__kind__in=rule.unit_kinds)
    if rule.years:
        joined = Q(pk__in=())
        for nth in rule.years:
            joined |= newcomers.joined_in(fiscal_year(on) - nth + 1, "person__")
        asked &= joined
    return asked


def _unit_ids(unit_id: int, on: date) -> set[int]:
    """The unit (its successor), all below it, and the gone ones whose main line ends in these."""
    tree = unit_tree(on)
    now = tree.successor(unit_id)
    return {member for unit in (now, *tree.descendants(now)) for member in tree.inherited(unit)}


def _why(rule: AssignmentRule, row: Appointment, on: date) -> str:
    """「新任、2年目」: the criteria as they hold for this person."""
    joined = row.person.joined_on
    said = [
        ("新任", rule.newcomers),
        ("転入", rule.transferred),
        ("所属長の職", rule.heads),
        (row.post.title, bool(rule.titles)),
        (f"{OrgUnit.Kind(row.post.unit.kind).label}の職員", bool(rule.unit_kinds)),
        (f"{fiscal_year(on) - fiscal_year(joined) + 1 if joined else ''}年目", bool(rule.years)),
    ]
    return "、".join(word for word, asked in said if asked)


def in_force(on: date) -> QuerySet[AssignmentRule]:
    """Rules that run on that day, whose path can be assigned."""
    rows = AssignmentRule.objects.filter(starts_on__lte=on, path__stage=Stage.ACTIVE).select_related("path", "unit")
    return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on)).order_by("pk")


def run(rule: AssignmentRule, on: date) -> Outcome:
    """Give the rule's path to whom it matches and who does not have it; safe to repeat. An appointment in force
    has begun, so the assignment starts on the day of the run."""
    rows = _without_decided(rule, _rows(rule, on), on)
    order = Order(
        path=rule.path, start_on=on, reason=rule.reason, bound_to_post=rule.bound_to_post, source=Source.RULE, rule=rule
    )
    made, problem = 0, ""
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        try:
            drawn = plan(order=order, people=[row.person for row in batch], whys={})
            made += len(assign(plan=drawn, by=None)) if drawn.lines else 0
        except ValidationError as error:
            problem = error.messages[0]
    return Outcome(made, problem)


def having(rule: AssignmentRule, on: date, *, user: User) -> set[int]:
    """Pks of the people who have the rule's path, as far as `user` may know: they learn it, or hold a completion whose
    renewal is not open yet. One query.

    What is private is not among them, nor what somebody learns alone and shares: a run takes that over (0029).
    """
    seen = Exists(permissions.overseen_by_post(user).filter(pk=OuterRef("pk")))
    has = Q(state__in=OPEN) & ~Q(source=Source.SELF) | valid_q(on)
    # A manager's own rows are not among what they oversee, and known to them.
    rows = Assignment.objects.filter(has, seen | Q(person=reader_for(user).person_id), path=rule.path_id)
    rows = rows.select_related("version").only("person", "state", "valid_until", "version__renew_window_days")
    return {row.person_id for row in rows if row.is_open or holds(row, on)}


def _without_decided(rule: AssignmentRule, rows: Sequence[Appointment], on: date) -> list[Appointment]:
    """Without those who have the path, are on leave, or had it cancelled or waived in the present appointment.

    What somebody began by themselves decides nothing: what is open is taken over (0029).
    """
    given = Assignment.objects.filter(path=rule.path_id)
    learning = set(given.open().exclude(source=Source.SELF).values_list("person_id", flat=True))
    away = set(on_leave(on).values_list("person_id", flat=True))
    ended = given.filter(state__in=UNDONE).exclude(source=Source.SELF).order_by("closed_on")
    undone: dict[int, date | None] = dict(ended.values_list("person_id", "closed_on"))
    return [
        row
        for row in rows
        if row.person_id not in learning | away
        and (undone.get(row.person_id) or row.starts_on - timedelta(days=1)) < row.starts_on
    ]
