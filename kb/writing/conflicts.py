"""Two people on one item: what the second is shown, and how the draft goes on from the newest version.

Nothing is decided for anyone: what the writer changed stays as typed, what only the other changed is taken over, and
both stand in the history. It refuses to publish; that is the form's next press.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from kb.items.revisions import FieldChange, changes, typed_texts
from kb.models import Draft, Item
from organization import clock

MINE, THEIRS, BOTH = "mine", "theirs", "both"


@dataclass(frozen=True)
class Contested:
    """A field in which the newest version and the draft differ, and who changed it: mine, theirs, both."""

    change: FieldChange
    whose: str


def is_behind(draft: Draft) -> bool:
    """Whether somebody published a newer version since the draft began."""
    return draft.item is not None and draft.item.latest_revision_id != draft.base_revision_id


def newest_of(item: Item) -> Item:
    """The newest version of the item, as its own type."""
    return item.specific.get_latest_revision_as_object()


def contested(draft: Draft) -> list[Contested]:
    """Field by field, from the newest version (removed) to what was typed (added)."""
    assert draft.item is not None
    newest = newest_of(draft.item)
    theirs, base = newest.as_typed(), _base(draft, newest.as_typed())
    mine = {**theirs, **_typed(draft, newest, {*theirs, *base})}
    found = changes(typed_texts(theirs), typed_texts(mine), model=type(newest), format=draft.format)
    return [Contested(change, _whose(change.name, base, theirs, mine)) for change in found]


@transaction.atomic
def rebase(*, draft: Draft) -> Draft:
    """Let the draft go on from the newest version: what was typed stays, other fields follow the newest."""
    locked = Draft.objects.select_for_update().get(pk=draft.pk)
    assert locked.item is not None
    newest = newest_of(locked.item)
    theirs, base = newest.as_typed(), _base(locked, newest.as_typed())
    mine = _typed(locked, newest, {*theirs, *base})
    followed = {name: theirs.get(name, "") for name in mine if _whose(name, base, theirs, mine) == THEIRS}
    added = {name: value for name, value in theirs.items() if name not in mine}
    locked.data = {**locked.data, **added, **followed}
    locked.base_revision_id = locked.item.latest_revision_id
    locked.version += 1
    locked.updated_at = clock.now()
    locked.save()
    return locked


def _base(draft: Draft, theirs: dict[str, Any]) -> dict[str, Any]:
    """What the draft began from; where that revision is gone, the newest counts as if the other changed nothing."""
    return draft.base_revision.as_object().as_typed() if draft.base_revision is not None else theirs


def _typed(draft: Draft, newest: Item, known: set[str]) -> dict[str, Any]:
    """The draft's own fields; whatever else lies in its data is not content. A row may be new in the draft."""
    return {name: value for name, value in draft.data.items() if name in known or name.startswith(newest.FORM_ROWS)}


def _whose(name: str, base: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any]) -> str:
    was, now, typed = (_plain(values.get(name)) for values in (base, theirs, mine))
    if typed == was:
        return THEIRS
    return MINE if now == was else BOTH


def _plain(value: Any) -> str:
    """Two values of one field compare as a reader would: 1 and "1" are one number, nothing and "" one gap."""
    if isinstance(value, list):
        return "\n".join(str(part) for part in value)
    return "" if value is None else str(value)
