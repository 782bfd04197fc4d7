"""The audit chain. `record` and `record_many` add events, and `verify_chain` finds the places where the chain was
changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model

from organization import clock
from organization.models.audit import AuditEvent, AuditHead

if TYPE_CHECKING:
    from organization.models.user import User


@dataclass(frozen=True)
class AuditEntry:
    """The content of one event. `before` and `after` are small JSON values that show what changed."""

    action: str
    obj: Model
    before: Any = None
    after: Any = None
    reason: str = ""


def record(
    *, actor: User | None, action: str, obj: Model, before: Any = None, after: Any = None, reason: str = ""
) -> AuditEvent:
    """Adds one event in the transaction of the caller. If the change is rolled back, the event is rolled back too.

    `before` and `after` are small JSON values that show what changed. If `actor` is None, the system made the change.
    """
    return record_many(actor=actor, entries=[AuditEntry(action, obj, before, after, reason)])[0]


@transaction.atomic
def record_many(*, actor: User | None, entries: Sequence[AuditEntry]) -> list[AuditEvent]:
    """Adds an event for each entry, in the same order. The number of queries is the same for any number of entries."""
    heads = AuditHead.objects.select_for_update()
    head = heads.filter(pk=1).first() or heads.get_or_create(pk=1)[0]
    events = []
    for entry in entries:
        event = AuditEvent(
            sequence=head.sequence + 1,
            at=clock.now(),
            actor_id=actor.pk if actor is not None else None,
            actor_uid=actor.uid if actor is not None else None,
            action=entry.action,
            object_type=entry.obj._meta.label_lower,
            object_id=str(entry.obj.pk),
            object_label=str(entry.obj)[:200],
            before=_json_value(entry.before),
            after=_json_value(entry.after),
            reason=entry.reason,
            previous_hash=head.hash,
        )
        event.hash = digest(event)
        head.sequence, head.hash = event.sequence, event.hash
        events.append(event)
    recorded = AuditEvent.objects.bulk_create(events)
    head.save()
    return recorded


def _json_value(value: Any) -> Any:
    """Returns the value in the form in which the database will return it, so that the hash is computed from what is
    stored."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def digest(event: AuditEvent) -> str:
    """Returns the SHA-256 of all columns of the event and of the hash of the event before."""
    payload = [
        event.sequence,
        int(event.at.timestamp() * 1_000_000),
        str(event.actor_uid or ""),
        event.action,
        event.object_type,
        event.object_id,
        event.object_label,
        event.before,
        event.after,
        event.reason,
        event.previous_hash,
    ]
    return hashlib.sha256(json.dumps(payload, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def verify_chain() -> list[str]:
    """Returns the faults of the chain, with one line for each fault. If the chain is intact, the list is empty."""
    faults = []
    sequence, previous = 0, ""
    for event in AuditEvent.objects.order_by("sequence").iterator():
        if event.sequence != sequence + 1:
            faults.append(f"{sequence + 1}: missing")
        if event.previous_hash != previous:
            faults.append(f"{event.sequence}: does not follow {sequence}")
        if event.hash != digest(event):
            faults.append(f"{event.sequence}: was changed")
        sequence, previous = event.sequence, event.hash
    head = AuditHead.objects.filter(pk=1).first()
    if (head.sequence, head.hash) != (sequence, previous) if head else bool(sequence):
        faults.append(f"{sequence}: the end of the chain is missing")
    return faults
