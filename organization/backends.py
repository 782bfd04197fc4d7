"""Login with a login name and a password, for people who have not left.

Django asks this backend at every request. So a session ends after the person's last day of work, even if its cookie is
still valid. One query fetches the account, its person and the number of unread notices, because every page needs them.
"""

from __future__ import annotations

from functools import cache

from django.contrib.auth.backends import ModelBackend
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from organization.access_policy import Viewer
from organization.models import Notice, Person, User


class PersonBackend(ModelBackend):
    def get_user(self, user_id: int) -> User | None:
        user = _accounts().filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Viewer | None) -> bool:
        person: Person | None = getattr(user, "person", None)
        return super().user_can_authenticate(user) and not (person is not None and person.has_left())


@cache
def _accounts() -> QuerySet[User]:
    """Returns the accounts with their person and the number of unread notices.

    The queryset is built once per process and is never evaluated itself: each request filters it.
    """
    unread = Notice.objects.filter(person__user=OuterRef("pk"), read_at__isnull=True).order_by()
    count = unread.values("person").annotate(n=Count("pk")).values("n")
    return User.objects.select_related("person").annotate(unread_notices=Coalesce(Subquery(count), 0))
