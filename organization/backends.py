"""Authentication by login and password, for people who have not left.

It answers at every request, so a session ends with the last day of work, not with its cookie. The
person comes with the account in one query, because every page asks for both.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from organization.models import Person, User


class PersonBackend(ModelBackend):
    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("person").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Any) -> bool:
        person: Person | None = getattr(user, "person", None)
        return super().user_can_authenticate(user) and not (person is not None and person.has_left())
