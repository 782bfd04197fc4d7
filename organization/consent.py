"""Consents that only the person concerned may give or withdraw."""

from __future__ import annotations

from django.db import transaction

from organization import audit
from organization.models import Person


@transaction.atomic
def set_findable(*, person: Person, findable: bool) -> None:
    """Allow or stop the suggestion of `person` by name in the search box. Takes effect at once."""
    if person.findable == findable:
        return
    person.findable = findable
    person.save(update_fields=["findable"])
    audit.record(actor=person.user, action="person.findable", obj=person, after={"findable": findable})
