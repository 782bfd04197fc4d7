"""The person or account behind a request, for views of logged-in readers."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from organization.models import Person, User


def user_of(request: HttpRequest) -> User:
    """The account behind the request. Only for views that require a login."""
    assert isinstance(request.user, User)
    return request.user


def person_of(request: HttpRequest) -> Person | None:
    """The person of the account; None for an account without a person, such as a superuser's."""
    return getattr(request.user, "person", None)


def require_person(request: HttpRequest) -> Person:
    """The person of the account; 404 for an account without one."""
    person = person_of(request)
    if person is None:
        raise Http404
    return person
