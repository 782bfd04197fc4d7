"""Drafts: start, submit as an item or a new revision, and open an item for editing as a draft.

Submitting never overwrites: if somebody else published a version since the draft began, `submit` raises
EditConflict, and the screen shows both texts (decision 0002).
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from kb.items.permissions import may_edit, require_permission
from kb.lifecycle import publication
from kb.models import Draft, Item
from kb.models.items.item_queries import item_type
from kb.models.items.states import State
from kb.writing.conflicts import EditConflict
from organization import audit, clock
from organization.models import Person


def start(*, author: Person, kind: str, format: str = "", data: dict[str, Any] | None = None) -> Draft:
    """A new draft of an item type (`kind`) and a format. `data` prefills it, keyed by the form's field names."""
    return Draft.objects.create(author=author, kind=kind, format=format, data=data or {})


@transaction.atomic
def submit(*, draft: Draft, values: dict[str, Any], by: Person) -> Item:
    """Submit a draft with a valid form: creates an item, or a new revision of the item that the draft edits.

    `values` is the form's cleaned_data. A draft that is submitted twice returns the same item.
    Raises EditConflict (and writes nothing) if the item has a newer version, PermissionDenied if `by` may not edit
    it, and ValidationError if it has ended (withdrawn, superseded).
    """
    locked = Draft.objects.select_for_update().get(pk=draft.pk)
    if locked.submitted_at is not None and locked.item is not None:
        return locked.item.specific
    if locked.item_id is not None:
        item = Item.objects.select_for_update().get(pk=locked.item_id).specific
        _require_editable(item, by)
        if item.latest_revision_id != locked.base_revision_id:
            raise EditConflict
        item.fill(values)
        _update(item, by)
    else:
        model = item_type(locked.kind)
        assert model is not None  # its form was valid
        item = model.blank(locked.format)
        item.audience = values["audience"]
        item.fill(values)
        publication.create(item=item, by=by)
        item.record_origin(values, locked.data)
        # Saved before the submission: hooks on publication look up which draft the item came from.
        locked.item = item
        locked.save()
        publication.submit(item=item, by=by)
    locked.item, locked.submitted_at = item, clock.now()
    locked.save()
    return item


def _require_editable(item: Item, by: Person) -> None:
    """Ask again at submission: since the draft began, the writer may have changed post, or the item may have ended."""
    require_permission(
        may_edit(item=item, user=by.user),
        "この記録を直せるのは、書いた人と所管所属の担当です。直したい所は、所管所属に知らせてください。",
    )
    if item.state == State.WITHDRAWN:
        raise ValidationError(
            "この記録は取り下げられたので、直せません。残したいことは、新しく書いてください。", code="withdrawn"
        )
    if item.state == State.SUPERSEDED:
        raise ValidationError("この記録は新しいものに置き換わりました。新しいほうを直してください。", code="superseded")


def _update(item: Item, by: Person) -> None:
    if item.state in (State.SUBMITTED, State.RETURNED):
        publication.submit(item=item, by=by)
        return
    publication.publish(item=item)
    audit.record(actor=by.user, action="item.edited", obj=item, after={"revision": item.latest_revision_id})


# --- An item as a draft ---------------------------------------------------------------------------


@transaction.atomic
def open_for_edit(*, item: Item, by: Person) -> Draft:
    """The draft in which `by` edits `item`: the open one, or a new one from the newest revision."""
    open_draft = Draft.objects.open_of(by).filter(item_id=item.pk).first()
    if open_draft is not None:
        return open_draft
    return Draft.objects.create(
        author=by,
        kind=item.type_code(),
        format=getattr(item, "format", ""),
        data=item.as_typed(),
        item_id=item.pk,
        base_revision_id=item.latest_revision_id,
    )


def reopen(*, item: Item, comment: str) -> str:
    """After 差戻し: open a draft for each author, with the reviewer's comment. Returns the draft's address.

    Without an author it returns the address of the item.
    """
    specific = item.specific
    url = specific.get_absolute_url()
    for row in specific.authorships.select_related("person"):
        draft = open_for_edit(item=specific, by=row.person)
        Draft.objects.filter(pk=draft.pk).update(comment=comment, base_revision_id=specific.latest_revision_id)
        url = draft.get_absolute_url()
    return url
