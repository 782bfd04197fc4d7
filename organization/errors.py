"""Validation errors. Each has a sentence for people and a code for programs."""

from __future__ import annotations

from django.core.exceptions import ValidationError


def field_error(field: str, message: str, *, code: str) -> ValidationError:
    """Returns a validation error of one field. `message` is Japanese and tells the user what to do. `code` is in
    snake_case and never changes."""
    return ValidationError({field: ValidationError(message, code=code)})
