"""From a draft to an item and back: what was typed, cleaned by its form, becomes columns and rows.

It refuses to overwrite: where somebody else published since the draft began, `store` raises
EditConflict and the screen shows both texts (decision 0002).
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from kb.items.permissions import may_edit, require_permission
from kb.lifecycle import publication
from kb.models import Draft, Item
from kb.models.item_queries import item_type
from kb.models.states import State
from organization import audit, clock
from organization.models import Person


class EditConflict(Exception):  # noqa: N818  (an outcome that the screen shows, not an error)
    """Somebody published a newer version of the item since this draft was opened."""


def start(*, author: Person, kind: str, format: str = "", data: dict[str, Any] | None = None) -> Draft:
    """A new draft of `kind` (and `format`), prefilled with `data` as the form names its fields."""
    return Draft.objects.create(author=author, kind=kind, format=format, data=data or {})


def save_typed(*, draft: Draft, typed: dict[str, Any], version: int) -> bool:
    """Autosave: keep what was typed. False where another window saved since `version` was read."""
    data = {**{k: v for k, v in draft.data.items() if k.startswith("source_")}, **typed}
    changed = Draft.objects.filter(pk=draft.pk, version=version, submitted_at__isnull=True).update(
        data=data, version=version + 1, updated_at=clock.now()
    )
    if changed:
        draft.data, draft.version, draft.updated_at = data, version + 1, clock.now()
    return bool(changed)


@transaction.atomic
def store(*, draft: Draft, values: dict[str, Any], by: Person) -> Item:
    """Submit a draft whose form was valid: a new item, or a new revision of the one it edits.

    `values` is the form's cleaned_data. Submitting the same draft twice answers the same item.
    Raises EditConflict (nothing written) where the item moved on meanwhile, PermissionDenied or
    ValidationError where it may no longer be edited.
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
        # Known before it is sent: whoever hears of the publication may ask what it was begun for.
        locked.item = item
        locked.save()
        publication.submit(item=item, by=by)
    locked.item, locked.submitted_at = item, clock.now()
    locked.save()
    return item


def _require_editable(item: Item, by: Person) -> None:
    """A draft may outlive its writer's post, or its item's life; it must not bring either back."""
    require_permission(
        may_edit(item=item, user=by.user),
        "この記録を直せるのは、書いた人と所管所属の担当です。直したい所は、所管所属に知らせてください。",
    )
    if item.state == State.WITHDRAWN:
        raise ValidationError("この記録は取り下げられたので、直せません。残したいことは、新しく書いてください。")
    if item.state == State.SUPERSEDED:
        raise ValidationError("この記録は新しいものに置き換わりました。新しいほうを直してください。")


def _update(item: Item, by: Person) -> None:
    if item.state in (State.SUBMITTED, State.RETURNED):
        publication.submit(item=item, by=by)
        return
    publication.publish(item=item)
    audit.record(actor=by.user, action="item.edited", obj=item, after={"revision": item.latest_revision_id})


# --- Back: an item as a draft ---------------------------------------------------------------------


@transaction.atomic
def edit(*, item: Item, by: Person) -> Draft:
    """The draft in which `by` edits `item`: the open one, or a new one from the newest revision."""
    open_one = Draft.objects.open_of(by).filter(item_id=item.pk).first()
    if open_one is not None:
        return open_one
    return Draft.objects.create(
        author=by,
        kind=item.type_code(),
        format=getattr(item, "format", ""),
        data=item.as_typed(),
        item_id=item.pk,
        base_revision_id=item.latest_revision_id,
    )


def reopen(*, item: Item, comment: str) -> str:
    """After 差戻し: the author's draft comes back with the reviewer's comment. Returns its address."""
    specific = item.specific
    url = specific.get_absolute_url()
    for row in specific.authorships.select_related("person"):
        draft = edit(item=specific, by=row.person)
        Draft.objects.filter(pk=draft.pk).update(comment=comment, base_revision_id=specific.latest_revision_id)
        url = draft.get_absolute_url()
    return url
