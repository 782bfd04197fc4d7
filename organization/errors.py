"""Validation errors with a machine-readable code beside the sentence for people."""

from __future__ import annotations

from django.core.exceptions import ValidationError


def field_error(field: str, message: str, *, code: str) -> ValidationError:
    """The error of one field. `message` is Japanese and says what to do; `code` is snake_case and never changes."""
    return ValidationError({field: ValidationError(message, code=code)})
