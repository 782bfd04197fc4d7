"""The form of a challenge (挑戦). It is written before the trial starts."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from kb.models import Challenge
from kb.text_cleaning import LongField, is_blank
from kb.writing.choices import Choice
from kb.writing.forms.common import ItemForm
from kb.writing.forms.fields import PostField, WholeField, choice_messages
from kb.writing.forms.screens import Prompt
from organization.models import Post

#: For imagined failures: the minimum number of failures, and the maximum number of characters for each.
FAILURES, FAILURE_LENGTH = 2, 120


def _long(name: str, prompt: str) -> LongField:
    field = Challenge._meta.get_field(name)
    label, limit = str(field.verbose_name), int(field.max_length)
    return LongField(label=label, max_length=limit, required=True, help_text=prompt, rows=4)


class ChallengeForm(ItemForm):
    hypothesis = _long("hypothesis", "「○○すれば、△△になるはず」の形で書くと、あとで確かめやすくなります。")
    precedent_gap = _long("precedent_gap", "これまでのやり方と、どこが違いますか。")
    citizen_effect = _long("citizen_effect", "うまくいくと、県民にとって何が変わりますか。")
    premortem = LongField(
        label="失敗の想定",
        max_length=600,
        required=True,
        rows=4,
        help_text="一年後、この挑戦は失敗しました。何があったのでしょう。一行に一つ、二つ以上書いてください。",
    )
    smallest_trial = _long("smallest_trial", "来週から始められる、いちばん小さな試し方は。")
    success_measure = _long("success_measure", "何が、どれだけになれば成功ですか。")
    stop_rule = _long("stop_rule", "どうなったら、やめますか。やめても「学びあり」は成功と同じ重みです。")
    sponsor_post = PostField(
        Post.objects.none(),
        label="後押し役",
        required=True,
        to_field_name="uid",
        empty_label="選んでください",
        error_messages=choice_messages("後押し役"),
        help_text="困ったときに支える職です。",
    )
    budget_yen = WholeField(label="費用（円）", lowest=0, highest=2_000_000_000)

    PROMPTS = (
        "title",
        "hypothesis",
        "precedent_gap",
        "citizen_effect",
        "premortem",
        "smallest_trial",
        "success_measure",
        "stop_rule",
    )
    EXAMPLES = {
        "title": "例：除雪車の出動を、前の晩に決める",
        "hypothesis": "例：前の晩に出動を決めれば、朝七時の通行止めが半分になるはず。",
        "premortem": "例：空振りが続き、協力してくれる会社が減った",
    }
    LAST = ("sponsor_post",)
    FOLDED = ("budget_yen", *ItemForm.FOLDED)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sponsor = self.fields["sponsor_post"]
        assert isinstance(sponsor, PostField)
        units = self.reader.unit_ids if self.reader is not None else ()
        offered = Q(unit_id__in=[unit for unit in units if sponsor.tree.is_in_force(unit)], is_head=True)
        if self.draft is not None and self.draft.item_id:
            # The present sponsor is always among the choices, whoever edits the challenge.
            offered |= Q(pk__in=Challenge.objects.filter(pk=self.draft.item_id).values("sponsor_post_id"))
        sponsor.queryset = Post.objects.filter(offered)
        self.order_fields(list(self.PROMPTS))

    @classmethod
    def choices(cls) -> list[Choice]:
        return [
            Choice(
                key="challenge",
                label="挑戦",
                description="仮説、失敗の想定、撤退基準を、始める前に書いておきます。うまくいかなくても学びになります。",
                when_to_use="新しいことを、小さく試す前に",
                minutes=20,
                type=Challenge.type_code(),
                order=1010,
                situations=("trial",),
                questions=("仮説", "失敗の想定", "小さな試行", "撤退基準"),
            )
        ]

    @property
    def prompts(self) -> list[Prompt]:
        return [Prompt(self[name], example=self.EXAMPLES.get(name, "")) for name in self.PROMPTS]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["summary"] = data.get("summary") or data.get("hypothesis", "")[:200]
        return data

    def clean_premortem(self) -> list[str]:
        lines = [line.strip(" ・-*\t") for line in self.cleaned_data["premortem"].splitlines()]
        lines = [line for line in lines if not is_blank(line)]
        if len(lines) < FAILURES:
            raise ValidationError("「失敗の想定」は、一行に一つ、二つ以上書いてください。", code="too_few")
        if any(len(line) > FAILURE_LENGTH for line in lines):
            raise ValidationError(
                f"「失敗の想定」は、一つ{FAILURE_LENGTH}文字までです。短く分けてください。", code="max_length"
            )
        return lines
