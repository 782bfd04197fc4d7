"""Changes of a whole source of references: label, licence, audience, withdrawal and restoring.

A change is written to the one row of the source. The policy reads this row at once. The signal of the row makes search
re-index the references of the source (``kb.search_source``). Only the audience is also written to each reference,
because the policy reads it there.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from kb.models import Reference, ReferenceSource
from kb.text_cleaning import clean_text
from organization import audit
from organization.access_policy import KM, Viewer, reader_for
from organization.audience import Audience
from organization.models import User


@dataclass(frozen=True)
class SourceFacts:
    """The values of a source that an import sets. If a value is empty, the stored value is kept. For a new source, an
    empty value means the default.
    """

    name: str
    label: str = ""
    licence: str = ""
    audience: str = ""

    def check(self) -> None:
        """Raises ValidationError (in Japanese) if the source could not be saved with these values."""
        row = self.applied(ReferenceSource(name=self.name))
        for value, label in ((self.label, "出典"), (self.licence, "利用条件")):
            if "\n" in clean_text(value, label):
                raise ValidationError(f"「{label}」は1行で書きます。", code="one_line")
        row.clean_fields(exclude=[] if row.label else ["label"])

    def changes(self, row: ReferenceSource) -> bool:
        """Whether these values differ from the stored values of the source."""
        return _values(self.applied(copy(row))) != _values(row)

    def applied(self, row: ReferenceSource) -> ReferenceSource:
        """Sets these values on `row` and returns `row` itself, unsaved."""
        row.label = clean_text(self.label, "出典") or row.label or self.name
        row.licence = clean_text(self.licence, "利用条件") or row.licence
        row.audience = self.audience or row.audience
        return row


def may_manage(user: Viewer | None) -> bool:
    """Whether the user belongs to the knowledge office. None means a command on the server, and a command may manage
    sources.
    """
    return user is None or KM in reader_for(user).roles


def save_source(*, facts: SourceFacts, by: User | None) -> ReferenceSource:
    """Creates or changes the source. A new audience is also written to the references of the source.

    Raises PermissionDenied unless `by` belongs to the knowledge office or is None (a command).
    """
    if not may_manage(by):
        raise PermissionDenied
    with transaction.atomic():
        row = ReferenceSource.objects.select_for_update().filter(name=facts.name).first()
        before = _values(row) if row is not None else None
        row = facts.applied(row if row is not None else ReferenceSource(name=facts.name))
        if _values(row) != before:
            row.save()
            if before is not None and before["audience"] != row.audience:
                Reference.objects.filter(source=row).update(audience=row.audience)
            action = "reference_source.changed" if before else "reference_source.created"
            audit.record(actor=by, action=action, obj=row, before=before, after=_values(row))
    return row


def set_withdrawn(*, source: ReferenceSource, withdrawn: bool, by: User, reason: str = "") -> bool:
    """Withdraws the source with all its references, or restores it. Returns False if the source already has that state.

    A reference that was withdrawn alone remains withdrawn when its source is restored.

    Raises PermissionDenied unless `by` belongs to the knowledge office.
    """
    if not may_manage(by):
        raise PermissionDenied
    with transaction.atomic():
        row = ReferenceSource.objects.select_for_update().get(pk=source.pk)
        if row.withdrawn == withdrawn:
            return False
        row.withdrawn = withdrawn
        row.save(update_fields=["withdrawn"])
        action = "reference_source.withdrawn" if withdrawn else "reference_source.restored"
        audit.record(
            actor=by,
            action=action,
            obj=row,
            before={"withdrawn": not withdrawn},
            after={"withdrawn": withdrawn},
            reason=reason,
        )
    return True


def _values(row: ReferenceSource) -> dict[str, str]:
    return {"label": row.label, "licence": row.licence, "audience": str(row.audience or Audience.PREFECTURE)}
