"""Who may build a learning path, who may open its builder, and who may accept what was sent. Derived from posts and
duties of today, never from having written it. It refuses to change anything.

The training office builds for any unit, a head for the own unit tree. What is to be read wider than its unit is
accepted by the training or the knowledge office, and not by who sent it where somebody else can.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from kb.models.item import State
from learning.access.permissions import is_office
from learning.models import LearningPath, Stage
from organization import clock
from organization.audience import Audience
from organization.models import Duty, Person
from organization.models.trace import AuditEvent
from organization.policy import reader_for
from organization.posts import held_on
from organization.tree import unit_tree

OFFICES = frozenset({str(Duty.Role.TRAINING), str(Duty.Role.KM)})
#: What a head may choose; wider paths are the training office's to make.
HEAD_AUDIENCES = (Audience.UNIT, Audience.DEPARTMENT)
OFFICE_AUDIENCES = (*HEAD_AUDIENCES, Audience.PREFECTURE, Audience.MUNICIPAL)
#: Acts after which somebody else has to agree.
ASKED = ("path.sent", "path.audience_asked")


def may_begin(user: Any) -> bool:
    """Whether `user` may make a new path at all."""
    reader = reader_for(user)
    return reader.person_id is not None and (is_office(user) or bool(reader.managed_unit_ids))


def units_of(user: Any) -> list[int]:
    """The units in force for which `user` may make paths, the own one first."""
    reader, tree = reader_for(user), unit_tree()
    found = [unit for unit in tree.units if tree.is_in_force(unit)]
    if not is_office(user):
        found = [unit for unit in found if unit in reader.managed_unit_ids]
    return sorted(found, key=lambda unit: unit != reader.main_unit_id)


def audiences_of(user: Any) -> tuple[Audience, ...]:
    return OFFICE_AUDIENCES if is_office(user) else HEAD_AUDIENCES


def may_build(path: LearningPath, user: Any) -> bool:
    """Whether `user` may change the path: the training office, and the head above its owner unit."""
    if path.state == State.WITHDRAWN:
        return False
    reader = reader_for(user)
    if reader.person_id is None:
        return False
    return is_office(user) or path.owner_unit_id in reader.managed_unit_ids


def buildable(user: Any) -> QuerySet[LearningPath]:
    """The SQL form of `may_build`, with what waits for the knowledge office; a test keeps both alike."""
    reader = reader_for(user)
    standing: QuerySet[LearningPath] = LearningPath.objects.exclude(state=State.WITHDRAWN)
    if is_office(user):
        return standing
    mine = Q(owner_unit_id__in=reader.managed_unit_ids)
    if Duty.Role.KM in reader.roles:
        mine |= waiting_q()
    return standing.filter(mine)


def waiting_q() -> Q:
    """Paths that wait for consent: sent, or asking for a wider audience."""
    return Q(stage=Stage.REVIEW) | (Q(stage=Stage.ACTIVE) & ~Q(requested_audience=""))


def may_open(*, path: LearningPath, user: Any) -> bool:
    """Whether `user` may look at the builder: who builds, and who has to agree."""
    waits = path.stage == Stage.REVIEW or bool(path.requested_audience)
    agrees = path.state != State.WITHDRAWN and waits and bool(reader_for(user).roles & OFFICES)
    return may_build(path=path, user=user) or agrees


def acceptors(on: date | None = None) -> QuerySet[Person]:
    """Whoever holds a duty of the training or the knowledge office on that day."""
    day = on or clock.today()
    posts = Duty.objects.on(day).filter(role__in=OFFICES).values("post_id")
    return Person.objects.filter(pk__in=held_on(day).filter(post_id__in=posts).values("person_id"))


def sent_by(path: LearningPath) -> int | None:
    """The account that asked last, from the audit trail: who sends is not part of what readers are shown."""
    asked = AuditEvent.objects.filter(object_type=path._meta.label_lower, object_id=str(path.pk), action__in=ASKED)
    return asked.order_by("-sequence").values_list("actor_id", flat=True).first()


def may_accept(*, path: LearningPath, user: Any) -> bool:
    """Whether `user` may agree to what was sent; to the own only where nobody else could."""
    reader = reader_for(user)
    if not reader.roles & OFFICES or not may_open(path=path, user=user):
        return False
    if path.stage != Stage.REVIEW and not path.requested_audience:
        return False
    return sent_by(path) != user.pk or not acceptors().exclude(pk=reader.person_id or 0).exists()


def may_agree(user: Any) -> bool:
    """Whether paths of others may wait for this user's consent."""
    return bool(reader_for(user).roles & OFFICES)


def last_comment(path: LearningPath) -> str:
    """The words of the last 差戻し; empty where the path was sent again or never came back."""
    rows = AuditEvent.objects.filter(object_type=path._meta.label_lower, object_id=str(path.pk))
    row = rows.filter(action__in=(*ASKED, "path.returned")).order_by("-sequence").first()
    return row.reason if row is not None and row.action == "path.returned" else ""
