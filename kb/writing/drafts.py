"""Drafts: start a draft, submit it as a new item or a new revision, and open an item for editing as a draft.

Submitting never overwrites another person's text. If somebody else has published a version since the draft was begun,
`submit` raises EditConflict, and the screen shows both texts (decision 0002).
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
    """Creates a draft of an item type (`kind`) and a format. `data` prefills it; the keys are the field names of the
    form.
    """
    return Draft.objects.create(author=author, kind=kind, format=format, data=data or {})


@transaction.atomic
def submit(*, draft: Draft, values: dict[str, Any], by: Person) -> Item:
    """Submits a draft with a valid form: creates an item, or a new revision of the item that the draft edits.

    `values` is the form's cleaned_data. If the draft is submitted twice, the second call returns the same item.

    Raises EditConflict (and writes nothing) if the item has a newer version. Raises PermissionDenied if `by` may not
    edit the item. Raises ValidationError if the item has been withdrawn or superseded.
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
        assert model is not None  # The form of the draft was valid, so its type exists.
        item = model.blank(locked.format)
        item.audience = values["audience"]
        item.fill(values)
        publication.create(item=item, by=by)
        item.record_origin(values, locked.data)
        # The draft is saved before the item is submitted, because the hooks on publication look up the draft of an
        # item.
        locked.item = item
        locked.save()
        publication.submit(item=item, by=by)
    locked.item, locked.submitted_at = item, clock.now()
    locked.save()
    return item


def _require_editable(item: Item, by: Person) -> None:
    """Checks again, at submission, whether `by` may edit the item. Since the draft was begun, `by` may have moved to
    another post, or the item may have been withdrawn or superseded.
    """
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
    """Returns the draft in which `by` edits `item`: the open draft, or a new one that is made from the
    newest revision.
    """
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
    """After 差戻し, opens a draft with the reviewer's comment for each author. Returns the address of the last opened
    draft.

    If the item has no author, returns the address of the item.
    """
    specific = item.specific
    url = specific.get_absolute_url()
    for row in specific.authorships.select_related("person"):
        draft = open_for_edit(item=specific, by=row.person)
        Draft.objects.filter(pk=draft.pk).update(comment=comment, base_revision_id=specific.latest_revision_id)
        url = draft.get_absolute_url()
    return url
