"""Conflicts: two windows save one draft, or two people edit one item. No text is overwritten.

A window whose draft was saved elsewhere is refused and keeps its text. If another person published a newer version of
the item, the writer compares and continues from it: fields that the writer changed stay as typed, fields that only the
other person changed are taken over. Nothing is published here; the writer does that with the form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from kb.items.revisions import FieldChange, as_text, changes, typed_texts
from kb.models import Draft, Item
from organization import clock

MINE, THEIRS, BOTH = "mine", "theirs", "both"


class EditConflict(Exception):  # noqa: N818  (a result that the screen shows, not an error)
    """Somebody published a newer version of the item since this draft was opened."""


def save_typed(*, draft: Draft, typed: dict[str, Any], version: int) -> bool:
    """Save what was typed, complete or not. False if another window has saved since `version` was read."""
    origin = {name: value for name, value in draft.data.items() if name.startswith("source_")}
    data = {**origin, **typed}
    changed = Draft.objects.filter(pk=draft.pk, version=version, submitted_at__isnull=True).update(
        data=data, version=version + 1, updated_at=clock.now()
    )
    if changed:
        draft.data, draft.version, draft.updated_at = data, version + 1, clock.now()
    return bool(changed)


@dataclass(frozen=True)
class ConflictingField:
    """A field in which the newest version and the draft differ. `whose` says who changed it: mine, theirs or both."""

    change: FieldChange
    whose: str


def is_behind(draft: Draft) -> bool:
    """Whether a newer version was published since the draft began."""
    return draft.item is not None and draft.item.latest_revision_id != draft.base_revision_id


def newest_version(item: Item) -> Item:
    """The newest revision of the item, as an object of its own type."""
    return item.specific.get_latest_revision_as_object()


def conflicting_fields(draft: Draft) -> list[ConflictingField]:
    """The fields that differ, as a change from the newest version (removed lines) to the draft (added lines)."""
    assert draft.item is not None
    newest = newest_version(draft.item)
    theirs, base = newest.as_typed(), _base(draft, newest.as_typed())
    mine = {**theirs, **_typed(draft, newest, {*theirs, *base})}
    field_changes = changes(typed_texts(theirs), typed_texts(mine), model=type(newest), format=draft.format)
    return [ConflictingField(change, _whose(change.name, base, theirs, mine)) for change in field_changes]


@transaction.atomic
def rebase(*, draft: Draft) -> Draft:
    """Put the draft on the newest version: what the writer changed stays, the other fields become the newest."""
    locked = Draft.objects.select_for_update().get(pk=draft.pk)
    assert locked.item is not None
    newest = newest_version(locked.item)
    theirs, base = newest.as_typed(), _base(locked, newest.as_typed())
    mine = _typed(locked, newest, {*theirs, *base})
    taken_over = {name: theirs.get(name, "") for name in mine if _whose(name, base, theirs, mine) == THEIRS}
    added = {name: value for name, value in theirs.items() if name not in mine}
    locked.data = {**locked.data, **added, **taken_over}
    locked.base_revision_id = locked.item.latest_revision_id
    locked.version += 1
    locked.updated_at = clock.now()
    locked.save()
    return locked


def _base(draft: Draft, theirs: dict[str, Any]) -> dict[str, Any]:
    """The version from which the draft began; if that revision is gone, the newest, as if the other changed nothing."""
    return draft.base_revision.as_object().as_typed() if draft.base_revision is not None else theirs


def _typed(draft: Draft, newest: Item, known: set[str]) -> dict[str, Any]:
    """The fields of the form in the draft's data, without other keys. A table row may exist in the draft alone."""
    return {name: value for name, value in draft.data.items() if name in known or name.startswith(newest.FORM_ROWS)}


def _whose(name: str, base: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any]) -> str:
    # As text, because a form may send "1" for 1 and "" for nothing.
    before, newest, typed = (as_text(values.get(name)) for values in (base, theirs, mine))
    if typed == before:
        return THEIRS
    return MINE if newest == before else BOTH
