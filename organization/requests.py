"""Functions that return the person or the account of a request. They are for views that require a login."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from organization.models import Person, User


def user_of(request: HttpRequest) -> User:
    """Returns the account that made the request. Only for views that require a login."""
    assert isinstance(request.user, User)
    return request.user


def person_of(request: HttpRequest) -> Person | None:
    """Returns the person of the account. Returns None if the account has no person, for example a superuser."""
    return getattr(request.user, "person", None)


def require_person(request: HttpRequest) -> Person:
    """Returns the person of the account. Raises 404 if the account has no person."""
    person = person_of(request)
    if person is None:
        raise Http404
    return person
