"""The capture forms: what a person fills in. They check words and dates; kb.lifecycle.transitions decides and stores."""

from __future__ import annotations

from typing import Any

from kb.formats.loading import get_format
from kb.models import Draft
from kb.writing.forms.challenge import ChallengeForm
from kb.writing.forms.common import ItemForm
from kb.writing.forms.lesson import LessonForm
from kb.writing.forms.retrospective import RetrospectiveForm
from kb.writing.forms.screens import screens_of, shaped

__all__ = ["ChallengeForm", "ItemForm", "LessonForm", "RetrospectiveForm", "form_for", "screens_of"]


def form_for(draft: Draft, *, data: Any = None, reader: Any = None, unreadable: bool = False) -> ItemForm:
    """The form of a draft, bound to `data` (a QueryDict), or showing what the draft holds.

    Raises LookupError where the draft's format no longer exists.
    """
    options: dict[str, Any] = {"data": data, "reader": reader, "draft": draft, "unreadable": unreadable}
    form: ItemForm
    if draft.kind == Draft.Kind.RETROSPECTIVE:
        chosen = get_format(draft.format)
        if chosen is None:
            raise LookupError(f"format {draft.format}")
        form = RetrospectiveForm(format=chosen, **options)
    else:
        form = {Draft.Kind.LESSON: LessonForm, Draft.Kind.CHALLENGE: ChallengeForm}[Draft.Kind(draft.kind)](**options)
    form.initial = shaped(form, draft.data)
    return form
