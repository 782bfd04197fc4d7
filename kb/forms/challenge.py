"""The form of a challenge (挑戦): written before the trial starts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from kb.forms.common import ItemForm, choice_messages
from kb.models import Challenge
from kb.text import LongField
from organization.models import Post

ASK = "かならず書きます。"


def _long(name: str, prompt: str, *, required: bool = True) -> LongField:
    field = Challenge._meta.get_field(name)
    return LongField(label=str(field.verbose_name), max_length=int(field.max_length), required=required, help_text=prompt)


class ChallengeForm(ItemForm):
    hypothesis = _long("hypothesis", "「○○すれば、△△になるはず」の形で書くと、あとで確かめやすくなります。")
    precedent_gap = _long("precedent_gap", "これまでのやり方と、どこが違いますか。")
    citizen_effect = _long("citizen_effect", "うまくいくと、県民にとって何が変わりますか。")
    premortem = LongField(
        label="失敗の想定", max_length=600, required=True,
        help_text="一年後、この挑戦は失敗しました。何があったのでしょう。一行に一つ、二つ以上書いてください。",
    )  # fmt: skip
    smallest_trial = _long("smallest_trial", "来週から始められる、いちばん小さな試し方は。")
    success_measure = _long("success_measure", "何が、どれだけになれば成功ですか。")
    stop_rule = _long("stop_rule", "どうなったら、やめますか。やめても「学びあり」は成功と同じ重みです。")
    sponsor_post = forms.ModelChoiceField(
        Post.objects.none(), label="後押し役", required=True, to_field_name="uid",
        error_messages=choice_messages("後押し役"), help_text="困ったときに支える職です。",
    )  # fmt: skip
    budget_yen = forms.IntegerField(
        label="費用（円）", required=False, min_value=0, max_value=2_000_000_000,
        error_messages={
            "invalid": "「費用（円）」は、数字だけで入れてください。",
            "min_value": "「費用（円）」は、0以上の数字で入れてください。",
            "max_value": "「費用（円）」が大きすぎます。けたを確かめてください。",
        },
    )  # fmt: skip

    STEPS = ("title", "hypothesis", "precedent_gap", "citizen_effect", "premortem", "smallest_trial", "success_measure", "stop_rule")  # fmt: skip
    FOLDED = ("budget_yen", *ItemForm.FOLDED)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sponsor = self.fields["sponsor_post"]
        assert isinstance(sponsor, forms.ModelChoiceField)
        units = self.reader.unit_ids if self.reader is not None else ()
        sponsor.queryset = Post.objects.filter(unit_id__in=units, is_head=True).select_related("unit")

    @property
    def steps(self) -> list[forms.BoundField]:
        return [self[name] for name in self.STEPS]

    @property
    def last(self) -> list[forms.BoundField]:
        return [self[name] for name in ("sponsor_post", "audience") if name in self.fields]

    def clean_premortem(self) -> list[str]:
        lines = [line.strip(" ・-*\t") for line in self.cleaned_data["premortem"].splitlines()]
        lines = [line for line in lines if line]
        if len(lines) < 2:
            raise ValidationError("「失敗の想定」は、一行に一つ、二つ以上書いてください。")
        if any(len(line) > 120 for line in lines):
            raise ValidationError("「失敗の想定」は、一つ120文字までです。短く分けてください。")
        return lines
