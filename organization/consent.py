"""Consents that only the person concerned may give or withdraw."""

from __future__ import annotations

from django.db import transaction

from organization import audit
from organization.models import Person


@transaction.atomic
def set_findable(*, person: Person, findable: bool) -> None:
    """Sets whether the search box may suggest `person` by name. The change takes effect at once."""
    if person.findable == findable:
        return
    person.findable = findable
    person.save(update_fields=["findable"])
    audit.record(actor=person.user, action="person.findable", obj=person, after={"findable": findable})
