"""The form of a lesson (教訓)."""

from __future__ import annotations

from typing import Any

from django import forms

from kb.forms.common import ItemForm, choice_messages
from kb.models import Lesson
from kb.text import LineField, LongField


def limit(name: str) -> int:
    return int(Lesson._meta.get_field(name).max_length)


class LessonForm(ItemForm):
    """Title, fact, when to use and what changes for residents are required (domain.md); the rest helps later."""

    kind = forms.ChoiceField(
        label="種別", choices=Lesson.Kind.choices, initial=Lesson.Kind.IMPROVE, widget=forms.RadioSelect,
        error_messages=choice_messages("種別"),
    )  # fmt: skip
    observation = LongField(label="事実", max_length=limit("observation"), required=True, help_text="見たこと・起きたこと。良し悪しは書きません。")  # fmt: skip
    applies_when = LongField(label="使える場面", max_length=limit("applies_when"), required=True, rows=3)
    citizen_effect = LongField(label="県民にとって", max_length=limit("citizen_effect"), required=True, rows=3, help_text="県民にとって何が変わるか。")  # fmt: skip
    recommendation = LongField(label="提言", max_length=limit("recommendation"), required=False, help_text="次からどうするか。だれの役割で。")  # fmt: skip
    context = LongField(label="条件・背景", max_length=limit("context"), required=False)
    discussion = LongField(label="考察", max_length=limit("discussion"), required=False)
    conclusion = LongField(label="結論", max_length=limit("conclusion"), required=False)
    early_warning = LongField(label="予兆", max_length=limit("early_warning"), required=False, rows=3)
    not_applicable = LongField(label="当てはまらない場面", max_length=limit("not_applicable"), required=False, rows=3)
    causes = forms.MultipleChoiceField(
        label="原因区分", choices=Lesson.Cause.choices, required=False, widget=forms.CheckboxSelectMultiple,
        error_messages=choice_messages("原因区分"),
    )  # fmt: skip
    external = LineField(
        label="出どころ", max_length=200, required=False, help_text="どの仕事・場面からの学びか。例：窓口での問い合わせ対応"
    )

    STEPS = ("title", "observation", "applies_when", "citizen_effect", "recommendation")
    FOLDED = ("kind", "causes", "context", "discussion", "conclusion", "early_warning", "not_applicable", *ItemForm.FOLDED)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.draft is not None and self.draft.data.get("source_retrospective"):
            del self.fields["external"]
        self.order_fields(["title", "observation", "applies_when", "citizen_effect", "recommendation"])

    @property
    def steps(self) -> list[forms.BoundField]:
        """One prompt a screen on a phone."""
        return [self[name] for name in self.STEPS]

    @property
    def last(self) -> list[forms.BoundField]:
        """What stands on the last screen above the publish button."""
        return [self[name] for name in ("external", "audience") if name in self.fields]

    def clean_external(self) -> str:
        return self.cleaned_data.get("external") or "日々の仕事での気づき"
