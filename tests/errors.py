"""What a refusal says to a program: its codes."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.exceptions import ValidationError


def codes(error: ValidationError) -> set[str | None]:
    """The codes of every error in it, of whatever field."""
    errors = [one for of_field in error.error_dict.values() for one in of_field] if hasattr(error, "error_dict") else []
    return {one.code for one in errors or error.error_list}


@contextmanager
def refused_with(code: str) -> Iterator[None]:
    """The block raises a ValidationError with this code."""
    with pytest.raises(ValidationError) as caught:
        yield
    assert code in codes(caught.value)
