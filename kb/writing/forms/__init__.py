"""The capture forms: what a person fills in. They check words and dates; kb.lifecycle decides and stores."""

from __future__ import annotations

from typing import Any

from kb.models import Draft
from kb.models.item_queries import item_type
from kb.writing.forms.common import ItemForm
from kb.writing.forms.screens import screens_of, shaped

__all__ = ["ItemForm", "form_for", "screens_of"]


def form_for(draft: Draft, *, data: Any = None, reader: Any = None, unreadable: bool = False) -> ItemForm:
    """The form of a draft, bound to `data` (a QueryDict), or showing what the draft holds.

    Raises LookupError where the draft's type or format no longer exists.
    """
    model = item_type(draft.kind)
    if model is None or not model.FORM:
        raise LookupError(f"type {draft.kind}")
    form: ItemForm = model.form_class().for_draft(draft, data=data, reader=reader, unreadable=unreadable)
    form.initial = shaped(form, draft.data)
    return form
