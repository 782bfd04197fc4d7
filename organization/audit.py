"""The audit chain: `record` and `record_many` add events, `verify_chain` finds where the chain was changed."""

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
    """What one event records; `before` and `after` are small JSON values of what changed."""

    action: str
    obj: Model
    before: Any = None
    after: Any = None
    reason: str = ""


def record(
    *, actor: User | None, action: str, obj: Model, before: Any = None, after: Any = None, reason: str = ""
) -> AuditEvent:
    """Add one event in the caller's transaction: if the change is rolled back, so is the event.

    `before` and `after` are small JSON values of what changed. `actor` None means that the system did it.
    """
    return record_many(actor=actor, entries=[AuditEntry(action, obj, before, after, reason)])[0]


@transaction.atomic
def record_many(*, actor: User | None, entries: Sequence[AuditEntry]) -> list[AuditEvent]:
    """Add an event for each entry, in order. The number of queries does not depend on their number."""
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
    """The value as the database will return it, so that the hash covers what is stored."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def digest(event: AuditEvent) -> str:
    """SHA-256 over every column of the event and the hash of the one before it."""
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
    """The faults of the chain, one line each; an empty list when the chain is intact."""
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
