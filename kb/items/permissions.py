"""Who may edit an item, and the error for a person who may not do something."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.module_loading import import_string

from kb.models import Item
from organization.access_policy import Viewer, reader_for
from organization.audience import Audience


def may_edit(*, item: Item, user: Viewer | None) -> bool:
    """Whether `user` may edit the item: its authors, today's reviewers and head of its unit, and the knowledge office
    may.

    For a type with HAS_OWN_REVIEW, the function that EDIT_PERMISSION names decides.
    """
    if item.HAS_OWN_REVIEW:
        return bool(item.EDIT_PERMISSION and import_string(item.EDIT_PERMISSION)(item, user))
    reader = reader_for(user)
    if reader.person_id is None and "km" not in reader.roles:
        return False
    if "km" in reader.roles and item.audience != Audience.SELF:
        return True
    if any(row.person_id == reader.person_id for row in item.authorships.all()):
        return True
    return item.audience != Audience.SELF and item.owner_unit_id in reader.review_unit_ids


def require_permission(allowed: bool, message: str) -> None:
    """Raises PermissionDenied unless `allowed`. `message` is a Japanese sentence for the reader."""
    if not allowed:
        raise PermissionDenied(message)
