"""A source of references as a whole: its label, licence and audience, its withdrawal and its return.

A change writes the source's one row: the policy asks it at once, and search queues the source's texts on the row's
signal (``kb.search_source``). Single texts are left alone except for their audience, which the policy asks of them.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from kb.models import Reference, ReferenceSource
from kb.text_cleaning import clean_text
from organization import audit
from organization.audience import Audience
from organization.models import User
from organization.policy import KM, reader_for


@dataclass(frozen=True)
class SourceFacts:
    """What an import says of its source. An empty value keeps what is stored, or takes a new source's default."""

    name: str
    label: str = ""
    licence: str = ""
    audience: str = ""

    def check(self) -> None:
        """Raise ValidationError with a Japanese sentence where the source could not be saved so."""
        row = self.applied(ReferenceSource(name=self.name))
        for value, called in ((self.label, "出典"), (self.licence, "利用条件")):
            if "\n" in clean_text(value, called):
                raise ValidationError(f"「{called}」は1行で書きます。", code="one_line")
        row.clean_fields(exclude=[] if row.label else ["label"])

    def changes(self, row: ReferenceSource) -> bool:
        """Whether these facts change the source itself, even where its texts stay as they are."""
        return _facts(self.applied(copy(row))) != _facts(row)

    def applied(self, row: ReferenceSource) -> ReferenceSource:
        row.label = clean_text(self.label, "出典") or row.label or self.name
        row.licence = clean_text(self.licence, "利用条件") or row.licence
        row.audience = self.audience or row.audience
        return row


def may_manage(user: User | None) -> bool:
    """The knowledge office; None is whoever may run commands on the server."""
    return user is None or KM in reader_for(user).roles


def save_source(*, facts: SourceFacts, by: User | None) -> ReferenceSource:
    """Create or change the source as `facts` say. A new audience applies to its texts too."""
    if not may_manage(by):
        raise PermissionDenied
    with transaction.atomic():
        row = ReferenceSource.objects.select_for_update().filter(name=facts.name).first()
        before = _facts(row) if row is not None else None
        row = facts.applied(row if row is not None else ReferenceSource(name=facts.name))
        if _facts(row) != before:
            row.save()
            if before is not None and before["audience"] != row.audience:
                Reference.objects.filter(source=row).update(audience=row.audience)
            action = "reference_source.changed" if before else "reference_source.created"
            audit.record(actor=by, action=action, obj=row, before=before, after=_facts(row))
    return row


def set_withdrawn(*, source: ReferenceSource, withdrawn: bool, by: User, reason: str = "") -> bool:
    """Withdraw every text of the source, or bring them back; False where it stood so already.

    A text that was withdrawn by itself stays withdrawn when its source comes back.
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


def _facts(row: ReferenceSource) -> dict[str, str]:
    return {"label": row.label, "licence": row.licence, "audience": str(row.audience or Audience.PREFECTURE)}
