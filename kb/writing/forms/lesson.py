"""The form of a lesson (教訓)."""

from __future__ import annotations

from typing import Any

from django import forms

from kb.models import Lesson
from kb.models.items.lesson import DAILY_WORK
from kb.text_cleaning import LineField, LongField
from kb.writing.choices import Choice
from kb.writing.forms.common import ItemForm
from kb.writing.forms.fields import choice_messages
from kb.writing.forms.screens import Prompt


def _long(name: str, label: str, prompt: str = "", *, required: bool = False, rows: int = 5) -> LongField:
    limit = int(Lesson._meta.get_field(name).max_length)
    return LongField(label=label, max_length=limit, required=required, rows=rows, help_text=prompt)


class LessonForm(ItemForm):
    """The form of a lesson. Required are the title, the observation, when to use the lesson, and what changes for
    residents.
    """

    observation = _long("observation", "事実", "見たこと・起きたことを。良し悪しは書きません。", required=True)
    applies_when = _long("applies_when", "使える場面", "どんな仕事の、どんな時に使えますか。", required=True, rows=3)
    citizen_effect = _long("citizen_effect", "県民にとって", "県民にとって、何が変わりますか。", required=True, rows=3)
    recommendation = _long("recommendation", "提言", "次からどうするとよいですか。だれの役割で。")
    external = LineField(
        label="出どころ",
        max_length=200,
        required=False,
        help_text="どの仕事・場面からの学びですか。例：窓口での問い合わせ対応",
    )
    kind = forms.ChoiceField(
        label="種別",
        choices=Lesson.Kind.choices,
        initial=Lesson.Kind.IMPROVE,
        required=False,
        widget=forms.RadioSelect,
        error_messages=choice_messages("種別"),
    )
    causes = forms.MultipleChoiceField(
        label="原因区分",
        choices=Lesson.Cause.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages=choice_messages("原因区分"),
    )
    context = _long("context", "条件・背景")
    discussion = _long("discussion", "考察", "なぜそうなったと考えますか。")
    conclusion = _long("conclusion", "結論")
    early_warning = _long("early_warning", "予兆", "何が見えたら、気をつけますか。", rows=3)
    not_applicable = _long("not_applicable", "当てはまらない場面", rows=3)

    EXAMPLES = {
        "title": "例：避難所の受付は、屋外に一つだけ置く",
        "observation": "例：入口に受付を二つ置いたところ、名簿が二重になり、照合に三時間かかった。",
        "applies_when": "例：短い時間に、大勢を名簿と照らし合わせるとき",
    }
    LAST = ("external",)
    FOLDED = (
        "kind",
        "causes",
        "context",
        "discussion",
        "conclusion",
        "early_warning",
        "not_applicable",
        *ItemForm.FOLDED,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.draft is not None and (self.draft.item_id or self.draft.data.get("source_retrospective")):
            # The form does not ask for the source here: it is already known, and an edit does not change it.
            del self.fields["external"]
        self.order_fields(["title", "observation", "applies_when", "citizen_effect", "recommendation"])

    @classmethod
    def choices(cls) -> list[Choice]:
        return [
            Choice(
                key="lesson",
                label="教訓",
                description="見たことと、それが役立つ場面を書きます。ほかの所属の人が、同じ場面で使えます。",
                when_to_use="ほかの人にも役立つことに気づいたとき",
                minutes=10,
                type=Lesson.type_code(),
                order=1000,
                situations=("tip",),
                questions=("件名", "事実", "使える場面", "県民にとって"),
            )
        ]

    @property
    def prompts(self) -> list[Prompt]:
        names = ("title", "observation", "applies_when", "citizen_effect")
        return [Prompt(self[name], example=self.EXAMPLES.get(name, "")) for name in names]

    @property
    def optional(self) -> list[Prompt]:
        return [Prompt(self["recommendation"])]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["summary"] = data.get("summary") or data.get("observation", "")[:200]
        return data

    def clean_kind(self) -> str:
        return self.cleaned_data.get("kind") or Lesson.Kind.IMPROVE

    def clean_external(self) -> str:
        return self.cleaned_data.get("external") or DAILY_WORK
