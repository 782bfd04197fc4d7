"""Decides who may edit a learning path, open its editor and accept it: by today's posts and duties, never by authorship.

The training office edits the paths of all units, a head those of their own units. A path for readers beyond its unit is
accepted by the training or the knowledge office, but not by its sender if somebody else can accept it.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from kb.models.items.states import State
from learning.access.permissions import is_office
from learning.models import LearningPath, Stage
from organization import clock
from organization.access_policy import Viewer, reader_for
from organization.appointments import held_on
from organization.audience import Audience
from organization.models import Duty, Person
from organization.models.audit import AuditEvent
from organization.units.tree import unit_tree

OFFICES = frozenset({str(Duty.Role.TRAINING), str(Duty.Role.KM)})
#: The audiences that a head may choose. The training office makes wider paths.
HEAD_AUDIENCES = (Audience.UNIT, Audience.DEPARTMENT)
OFFICE_AUDIENCES = (*HEAD_AUDIENCES, Audience.PREFECTURE, Audience.MUNICIPAL)
#: The audit actions that ask for consent.
ASKED = ("path.sent", "path.audience_asked")


def may_begin(user: Viewer) -> bool:
    """Whether `user` may make a new path at all."""
    reader = reader_for(user)
    return reader.person_id is not None and (is_office(user) or bool(reader.managed_unit_ids))


def units_of(user: Viewer) -> list[int]:
    """The units in force for which `user` may make paths, the user's main unit first."""
    reader, tree = reader_for(user), unit_tree()
    units = [unit for unit in tree.units if tree.is_in_force(unit)]
    if not is_office(user):
        units = [unit for unit in units if unit in reader.managed_unit_ids]
    return sorted(units, key=lambda unit: unit != reader.main_unit_id)


def audiences_of(user: Viewer) -> tuple[Audience, ...]:
    return OFFICE_AUDIENCES if is_office(user) else HEAD_AUDIENCES


def may_build(path: LearningPath, user: Viewer) -> bool:
    """Whether `user` may change the path: the training office, and the head above its owner unit."""
    if path.state == State.WITHDRAWN:
        return False
    reader = reader_for(user)
    if reader.person_id is None:
        return False
    return is_office(user) or path.owner_unit_id in reader.managed_unit_ids


def buildable(user: Viewer) -> QuerySet[LearningPath]:
    """`may_build` as a queryset, plus the paths that wait for the knowledge office. A test keeps both alike."""
    reader = reader_for(user)
    standing: QuerySet[LearningPath] = LearningPath.objects.exclude(state=State.WITHDRAWN)
    if is_office(user):
        return standing
    own = Q(owner_unit_id__in=reader.managed_unit_ids)
    if Duty.Role.KM in reader.roles:
        own |= waiting_q()
    return standing.filter(own)


def waiting_q() -> Q:
    """Paths that wait for consent: they were sent, or a wider audience was requested."""
    return Q(stage=Stage.REVIEW) | (Q(stage=Stage.ACTIVE) & ~Q(requested_audience=""))


def may_open(*, path: LearningPath, user: Viewer) -> bool:
    """Whether `user` may open the editor: to edit the path, or to give consent."""
    waits = path.stage == Stage.REVIEW or bool(path.requested_audience)
    agrees = path.state != State.WITHDRAWN and waits and bool(reader_for(user).roles & OFFICES)
    return may_build(path=path, user=user) or agrees


def acceptors(on: date | None = None) -> QuerySet[Person]:
    """People who hold a duty of the training or the knowledge office on that day."""
    day = on or clock.today()
    posts = Duty.objects.on(day).filter(role__in=OFFICES).values("post_id")
    return Person.objects.filter(pk__in=held_on(day).filter(post_id__in=posts).values("person_id"))


def sent_by(path: LearningPath) -> int | None:
    """The pk of the account that asked for consent last, from the audit trail. It is never shown to readers."""
    requests = AuditEvent.objects.filter(object_type=path._meta.label_lower, object_id=str(path.pk), action__in=ASKED)
    return requests.order_by("-sequence").values_list("actor_id", flat=True).first()


def may_accept(*, path: LearningPath, user: Viewer) -> bool:
    """Whether `user` may accept the path. Users may accept their own path only if nobody else can."""
    reader = reader_for(user)
    if not reader.roles & OFFICES or not may_open(path=path, user=user):
        return False
    if path.stage != Stage.REVIEW and not path.requested_audience:
        return False
    return sent_by(path) != user.pk or not acceptors().exclude(pk=reader.person_id or 0).exists()


def may_agree(user: Viewer) -> bool:
    """Whether paths of others may wait for this user's consent."""
    return bool(reader_for(user).roles & OFFICES)


def last_comment(path: LearningPath) -> str:
    """The comment of the last 差戻し; empty if the path was never returned, or was sent again since."""
    rows = AuditEvent.objects.filter(object_type=path._meta.label_lower, object_id=str(path.pk))
    row = rows.filter(action__in=(*ASKED, "path.returned")).order_by("-sequence").first()
    return row.reason if row is not None and row.action == "path.returned" else ""
