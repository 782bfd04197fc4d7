"""The fields that every capture form shares (domain.md, Common to all P), most of them folded under 「くわしく」."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from kb.models import Draft, Scene, Stance, Theme
from kb.text import LineField, LongField, clean_text
from organization import clock
from organization.audience import Attribution, Audience
from organization.models import OrgUnit

#: What staff may choose. `public` needs an approver of its own and comes with the public side.
WRITABLE_AUDIENCES = [
    (Audience.UNIT, "所属の中（すぐに公開されます）"),
    (Audience.DEPARTMENT, "部局の中（所属の確認のあと）"),
    (Audience.PREFECTURE, "庁内全体（所属の確認のあと）"),
    (Audience.MUNICIPAL, "市町村まで（所属の確認のあと）"),
    (Audience.SELF, "じぶんだけ"),
]
REQUIRED = "「{label}」が空です。{hint}"


class DayField(forms.DateField):
    """A calendar day with sentences that say what to do."""

    def __init__(self, *, label: str, required: bool = False, past: bool = False, help_text: str = "") -> None:
        messages = {
            "invalid": f"「{label}」は 2026-04-01 のように、年-月-日 で入れてください。",
            "required": REQUIRED.format(label=label, hint="日付を入れてください。"),
        }
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(label=label, required=required, help_text=help_text, error_messages=messages, widget=widget)
        self.past = past

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        if day and self.past and day > clock.today():
            raise ValidationError(f"「{self.label}」が先の日付です。今日か、それより前の日を入れてください。")
        if day and day.year < 1947:
            raise ValidationError(f"「{self.label}」の年を確かめて、入れ直してください。")
        return day


def choice_messages(label: str) -> dict[str, str]:
    """Sentences for choice fields; what was sent is not repeated, it may be anything."""
    return {
        "required": REQUIRED.format(label=label, hint="一つ選んでください。"),
        "invalid_choice": f"「{label}」は、画面に出ている中から選び直してください。",
        "invalid_list": f"「{label}」は、画面に出ている中から選び直してください。",
        "invalid_pk_value": f"「{label}」は、画面に出ている中から選び直してください。",
    }


def many(model: Any, label: str, *, required: bool = False, **options: Any) -> forms.ModelMultipleChoiceField:
    messages = {**choice_messages(label), "required": REQUIRED.format(label=label, hint="一つ以上選んでください。")}
    queryset = options.pop("queryset", None)
    return forms.ModelMultipleChoiceField(
        queryset if queryset is not None else model.objects.all(), label=label, required=required,
        error_messages=messages, to_field_name="code", widget=forms.CheckboxSelectMultiple, **options,
    )  # fmt: skip


class ItemForm(forms.Form):
    """Base of the capture forms. `reader` is the policy's view of who writes; `draft` what they write."""

    title = LineField(label="件名", max_length=60, required=True, help_text="60文字まで。中身が一目で分かる名前に。")
    summary = LongField(label="要旨", max_length=200, required=False, rows=2)
    occurred_on = DayField(label="発生・実施日", past=True)
    audience = forms.ChoiceField(
        label="公開範囲", choices=WRITABLE_AUDIENCES, initial=Audience.UNIT, widget=forms.RadioSelect,
        error_messages=choice_messages("公開範囲"),
    )  # fmt: skip
    attribution = forms.ChoiceField(
        label="記名", choices=Attribution.choices, initial=Attribution.NAMED, required=False,
        error_messages=choice_messages("記名"), widget=forms.RadioSelect,
    )  # fmt: skip
    themes = many(Theme, "分野")
    scenes = many(Scene, "業務場面")
    stances = many(Stance, "基本姿勢")
    municipalities = many(
        OrgUnit, "市町村", queryset=OrgUnit.objects.filter(kind="municipality").prefetch_related("versions")
    )
    keywords = LineField(label="キーワード", max_length=200, required=False, help_text="「、」で区切って10個まで。")

    #: Fields shown under 「くわしく」.
    FOLDED = ("summary", "occurred_on", "attribution", "themes", "scenes", "stances", "municipalities", "keywords")

    def __init__(self, *args: Any, reader: Any = None, draft: Draft | None = None, **kwargs: Any) -> None:
        self.reader, self.draft = reader, draft
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False  # a draft always saves; the browser must not stand in its way
        if draft is not None and draft.item_id and draft.item and draft.item.live:
            # The audience of a published item changes by its own button, where widening asks the reviewer (I3).
            del self.fields["audience"]

    @property
    def folded(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FOLDED if name in self.fields]

    def clean_keywords(self) -> list[str]:
        words = [w.strip() for w in self.cleaned_data["keywords"].replace("，", "、").replace(",", "、").split("、")]
        words = list(dict.fromkeys(w for w in words if w))
        if len(words) > 10:
            raise ValidationError(f"「キーワード」は10個までです。今は{len(words)}個です。{len(words) - 10}個けずってください。")
        return words

    def clean_attribution(self) -> str:
        return self.cleaned_data.get("attribution") or Attribution.NAMED

    def clean_occurred_on(self) -> Any:
        return self.cleaned_data.get("occurred_on") or clock.today()

    def typed(self) -> dict[str, Any]:
        """What was typed, ready for Draft.data: NFC text by field name; raises ValidationError on NUL and the like."""
        found: dict[str, Any] = {}
        for name, field in self.fields.items():
            key = self.add_prefix(name)
            if key not in self.data and not isinstance(field.widget, forms.CheckboxSelectMultiple | forms.CheckboxInput):
                continue
            if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
                values = self.data.getlist(key) if hasattr(self.data, "getlist") else self.data.get(key, [])
                found[name] = [clean_text(v) for v in values]
            elif isinstance(field, forms.BooleanField):
                found[name] = bool(self.data.get(key))
            else:
                found[name] = clean_text(self.data.get(key, ""))
        return found
