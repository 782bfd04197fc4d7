"""Adds the error of a model or a function to the fields of a form."""

from __future__ import annotations

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError


def add_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """Add `error` to the form, with the codes of the error. A message that names a field is shown at that field; other
    messages are shown at the top of the form.
    """
    errors = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    for name, field_errors in errors.items():
        form.add_error(name if name in form.fields else None, ValidationError(field_errors))
