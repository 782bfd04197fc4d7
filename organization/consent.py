"""What only the person in question may decide. It refuses to decide for anybody else."""

from __future__ import annotations

from django.db import transaction

from organization import audit
from organization.models import Person


@transaction.atomic
def be_found(*, person: Person, wish: bool) -> None:
    """`person` agrees to be suggested by name while others type, or takes that back; it takes effect at once."""
    if person.findable == wish:
        return
    person.findable = wish
    person.save(update_fields=["findable"])
    audit.record(actor=person.user, action="person.findable", obj=person, after={"findable": wish})
