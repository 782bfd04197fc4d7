"""The audit chain: intact while nobody changes it, and otherwise naming the place of the change."""

from datetime import date, datetime

import pytest
from django.db import connection, transaction

from organization import audit
from organization.models import AuditEvent, AuditHead
from tests.factories.organization import make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain():
    actor, unit = make_user(login="10001"), make_unit(name="防災課")
    return [
        audit.record(actor=actor, action="unit.renamed", obj=unit, before={"name": "消防課"}, after={"name": "防災課"}),
        audit.record(
            actor=None, action="unit.checked", obj=unit, after={"on": date(2025, 4, 1)}, reason="定期の確かめ"
        ),
        audit.record(actor=actor, action="unit.closed", obj=unit),
    ]


def tamper(sql, *values):
    """Change an event directly in the database, past the model."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_an_event_says_who_did_what_to_what(chain):
    event = AuditEvent.objects.get(pk=chain[0].pk)
    assert (event.actor.login, event.action, event.object_type) == ("10001", "unit.renamed", "organization.orgunit")
    assert (event.object_label, event.before, event.after) == ("防災課", {"name": "消防課"}, {"name": "防災課"})


def test_the_whole_chain_is_whole(chain):
    assert audit.verify_chain() == []
    assert chain[2].previous_hash == chain[1].hash


def test_an_empty_chain_is_whole():
    assert audit.verify_chain() == []


def test_values_that_json_does_not_know_are_written_plainly(chain):
    assert AuditEvent.objects.get(pk=chain[1].pk).after == {"on": "2025-04-01"}
    audit.record(actor=None, action="x", obj=make_unit(), after={"at": datetime(2025, 4, 1, 9, 0), "n": 1.5})
    assert audit.verify_chain() == []


def test_a_changed_event_is_found(chain):
    tamper("UPDATE organization_auditevent SET reason = 'なかったことに' WHERE sequence = 2")
    assert audit.verify_chain() == ["2: was changed"]


def test_a_removed_event_is_found(chain):
    tamper("DELETE FROM organization_auditevent WHERE sequence = 2")
    assert audit.verify_chain() == ["2: missing", "3: does not follow 1"]


def test_a_cut_off_end_is_found(chain):
    tamper("DELETE FROM organization_auditevent WHERE sequence = 3")
    assert audit.verify_chain() == ["2: the end of the chain is missing"]


def test_an_emptied_chain_is_found(chain):
    tamper("DELETE FROM organization_auditevent")
    assert audit.verify_chain() == ["0: the end of the chain is missing"]


def test_events_are_neither_changed_nor_deleted(chain):
    event = AuditEvent.objects.get(pk=chain[0].pk)
    for attempt in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(reason="別のわけ"),
        lambda: AuditEvent.objects.bulk_update([event], ["reason"]),
    ):
        with pytest.raises(TypeError, match="append-only"):
            attempt()
    assert audit.verify_chain() == []


def test_a_change_that_is_rolled_back_leaves_no_trace(chain):
    with transaction.atomic():
        audit.record(actor=None, action="unit.renamed", obj=make_unit())
        transaction.set_rollback(True)
    assert AuditEvent.objects.count() == 3
    assert AuditHead.objects.get().sequence == 3
    assert audit.verify_chain() == []


def test_the_chain_outlives_an_account(chain):
    chain[0].actor.delete()
    assert AuditEvent.objects.get(pk=chain[0].pk).actor is None
    assert audit.verify_chain() == []
