"""The variables that every template gets. A variable queries the database only when a template uses it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from organization.access_policy import Reader, reader_for
from organization.models import Duty, Notice, Person

#: People with one of these roles may open the admin (kb.admin.groups gives the roles their permissions).
OFFICES = frozenset({"km", "training"})


def site(request: HttpRequest) -> dict[str, Any]:
    """Returns the values SITE_NAME, SITE_NOTICE and DEMO, and several functions.

    The template engine calls a function only when the template uses it: reader, person, can_admin, is_manager,
    is_training_office and unread_notices.
    """
    user = getattr(request, "user", AnonymousUser())

    def reader() -> Reader:
        return reader_for(user)

    def person() -> Person | None:
        return getattr(user, "person", None)

    def can_admin() -> bool:
        return user.is_superuser or bool(reader().roles & OFFICES)

    def is_manager() -> bool:
        return bool(reader().managed_unit_ids)

    def is_training_office() -> bool:
        return Duty.Role.TRAINING in reader().roles

    @cache
    def unread_notices() -> int:
        # Organization.backends has already counted the notices.
        count: int | None = getattr(user, "unread_notices", None)
        owner = person()
        if count is None:
            count = Notice.objects.unread_of(owner).count() if owner is not None else 0
        return count

    return {
        "SITE_NAME": getattr(settings, "SITE_NAME", ""),
        "SITE_NOTICE": getattr(settings, "SITE_NOTICE", ""),
        "DEMO": bool(getattr(settings, "DEMO", False)),
        "reader": reader,
        "person": person,
        "can_admin": can_admin,
        "is_manager": is_manager,
        "is_training_office": is_training_office,
        "unread_notices": unread_notices,
    }
