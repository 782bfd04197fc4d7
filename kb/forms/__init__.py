"""The capture forms: what a person fills in. They check words and dates; kb.lifecycle decides and stores."""

from __future__ import annotations

from typing import Any

from kb.format_files import get_format
from kb.models import Draft

from .challenge import ChallengeForm
from .common import ItemForm
from .lesson import LessonForm
from .retrospective import RetrospectiveForm

__all__ = ["ChallengeForm", "ItemForm", "LessonForm", "RetrospectiveForm", "form_for"]


def form_for(draft: Draft, *, data: Any = None, reader: Any = None) -> ItemForm:
    """The form of a draft, bound to `data` (a QueryDict), or showing what the draft holds."""
    options: dict[str, Any] = {"data": data, "initial": initial_of(draft), "reader": reader, "draft": draft}
    if draft.kind == Draft.Kind.RETROSPECTIVE:
        chosen = get_format(draft.format)
        if chosen is None:
            raise LookupError(f"format {draft.format}")
        return RetrospectiveForm(format=chosen, **options)
    return {Draft.Kind.LESSON: LessonForm, Draft.Kind.CHALLENGE: ChallengeForm}[Draft.Kind(draft.kind)](**options)


def initial_of(draft: Draft) -> dict[str, Any]:
    """Draft.data is {field name: value or list of values}, as typed."""
    return dict(draft.data)
