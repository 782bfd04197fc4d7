"""The person or account behind a request (organization.requests)."""

from organization.requests import person_of, require_person, user_of

__all__ = ["person_of", "require_person", "user_of"]
