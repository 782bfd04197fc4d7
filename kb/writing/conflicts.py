"""Edit conflicts: two browser windows save one draft, or two people edit one item. No text is overwritten.

If one window has saved a draft, a second window with an older version may not save it; the second window keeps its
text. If another person has published a newer version of the item, the writer compares both and continues from the newer
one: fields that the writer changed stay as typed, and fields that only the other person changed get the newer text.
This module publishes nothing; the writer publishes with the form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from kb.items.revisions import FieldChange, as_text, changes, typed_texts
from kb.models import Draft, Item
from organization import clock

MINE, THEIRS, BOTH = "mine", "theirs", "both"


class EditConflict(Exception):  # noqa: N818 (This is a result that the screen shows, and no error.)
    """Somebody published a newer version of the item after this draft was opened."""


def save_typed(*, draft: Draft, typed: dict[str, Any], version: int) -> bool:
    """Saves the typed data, complete or not. Returns False if another window has saved the draft since `version` was
    read.
    """
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
    """A field in which the newest version and the draft differ. `whose` is the side that changed it: mine, theirs or
    both.
    """

    change: FieldChange
    whose: str


def is_behind(draft: Draft) -> bool:
    """Whether a newer version of the item was published after the draft was begun."""
    return draft.item is not None and draft.item.latest_revision_id != draft.base_revision_id


def newest_version(item: Item) -> Item:
    """Returns the newest revision of the item, as an object of the item's own type."""
    return item.specific.get_latest_revision_as_object()


def conflicting_fields(draft: Draft) -> list[ConflictingField]:
    """Returns the fields in which the newest version and the draft differ. Removed lines are from the newest version,
    added lines from the draft.
    """
    assert draft.item is not None
    newest = newest_version(draft.item)
    theirs, base = newest.as_typed(), _base(draft, newest.as_typed())
    mine = {**theirs, **_typed(draft, newest, {*theirs, *base})}
    field_changes = changes(typed_texts(theirs), typed_texts(mine), model=type(newest), format=draft.format)
    return [ConflictingField(change, _whose(change.name, base, theirs, mine)) for change in field_changes]


@transaction.atomic
def rebase(*, draft: Draft) -> Draft:
    """Bases the draft on the newest version. Fields that the writer changed stay; all other fields get the value of the
    newest version.
    """
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
    """Returns the version from which the draft began. If that revision no longer exists, returns the newest version, as
    if nobody else had changed anything.
    """
    return draft.base_revision.as_object().as_typed() if draft.base_revision is not None else theirs


def _typed(draft: Draft, newest: Item, known: set[str]) -> dict[str, Any]:
    """Returns the form fields in the draft's data, without other keys. A repeated field may exist only in the draft, so
    its name prefix is enough.
    """
    return {name: value for name, value in draft.data.items() if name in known or name.startswith(newest.FORM_ROWS)}


def _whose(name: str, base: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any]) -> str:
    # Values are compared as text, because a form may send "1" for 1 and "" for nothing.
    before, newest, typed = (as_text(values.get(name)) for values in (base, theirs, mine))
    if typed == before:
        return THEIRS
    return MINE if newest == before else BOTH
