"""Helpers for the codes of validation errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.exceptions import ValidationError


def codes(error: ValidationError) -> set[str | None]:
    """The codes of all errors in `error`, those of fields included."""
    by_field = error.error_dict.values() if hasattr(error, "error_dict") else [error.error_list]
    return {field_error.code for field_errors in by_field for field_error in field_errors}


@contextmanager
def refused_with(code: str) -> Iterator[None]:
    """Assert that the block raises a ValidationError with this code."""
    with pytest.raises(ValidationError) as caught:
        yield
    assert code in codes(caught.value)
