"""The forms in which staff write items. They check texts and dates. kb.writing.drafts stores, and kb.lifecycle
publishes.
"""

from __future__ import annotations

from django.http import QueryDict

from kb.models import Draft
from kb.models.items.item_queries import item_type
from kb.writing.forms.common import ItemForm
from kb.writing.forms.screens import initial_values, screens_of
from organization.access_policy import Reader

__all__ = ["ItemForm", "form_for", "screens_of"]


def form_for(
    draft: Draft, *, data: QueryDict | None = None, reader: Reader | None = None, unreadable: bool = False
) -> ItemForm:
    """Returns the form of a draft. With `data` (a QueryDict) the form is bound; otherwise it is filled with the data of
    the draft.

    `reader` describes what the writer may read. `unreadable` is true if the request was not valid UTF-8.

    Raises LookupError if the type or the format of the draft no longer exists.
    """
    model = item_type(draft.kind)
    if model is None or not model.FORM:
        raise LookupError(f"type {draft.kind}")
    form: ItemForm = model.form_class().for_draft(draft, data=data, reader=reader, unreadable=unreadable)
    form.initial = initial_values(form, draft.data)
    return form
