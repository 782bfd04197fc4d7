"""The form in which a person enters their own training record. It has no field for result, score or person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from kb.text_cleaning import LineField
from kb.writing.forms.fields import DayField, choice_messages
from learning.models import TrainingCourse, TrainingRecord

NUMBER_ERRORS = ("invalid", "min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits")


class CourseField(forms.ModelChoiceField):
    """A course of the catalogue. Retired courses are not offered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            TrainingCourse.objects.filter(retired=False),
            required=False,
            empty_label="目録にない研修",
            error_messages=choice_messages("研修"),
            **options,
        )

    def to_python(self, value: Any) -> Any:
        if value not in self.empty_values and not (
            str(value).isascii() and str(value).isdigit() and len(str(value)) < 16
        ):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().to_python(value)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.title}（{obj.code}）"


class OwnRecordForm(forms.Form):
    course = CourseField(
        label="研修（目録から）", help_text="目録にあれば選んでください。学習パスのステップにも数えられます。"
    )
    free_title = LineField(label="研修の名前", max_length=100, required=False, help_text="目録にない研修のときだけ。")
    organiser = LineField(label="主催", max_length=100, required=False)
    starts_on = DayField(label="始まり", required=True)
    ends_on = DayField(label="終わり", required=False, help_text="一日だけなら、空のままでかまいません。")
    hours = forms.DecimalField(
        label="時間",
        required=False,
        min_value=0,
        max_value=2000,
        max_digits=6,
        decimal_places=1,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="例：6.5",
        error_messages=dict.fromkeys(
            NUMBER_ERRORS, "「時間」は、0から2000までの数字で、小数は一桁までで入れてください（例：6.5）。"
        ),
    )
    status = forms.ChoiceField(
        label="状況",
        choices=[(s.value, s.label) for s in TrainingRecord.OWN_STATUSES],
        widget=forms.RadioSelect,
        error_messages=choice_messages("状況"),
        help_text="合格・不合格や点は、研修担当が入れます。",
    )
    certificate_no = LineField(label="修了証の番号", max_length=60, required=False)
    expires_on = DayField(label="有効期限", help_text="空なら、目録の有効月数から入れます。")

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, record: TrainingRecord | None = None, **options: Any
    ) -> None:
        self.record = record or TrainingRecord()
        if record is not None:
            options["initial"] = {name: getattr(record, name) for name in self.base_fields} | {
                "course": record.course_id
            }
        super().__init__(data, **options)
        if record is not None and record.course_id:
            choosable = TrainingCourse.objects.filter(retired=False) | TrainingCourse.objects.filter(
                pk=record.course_id
            )
            self.fields["course"].queryset = choosable  # type: ignore[attr-defined]  # a ModelChoiceField's

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        course, title = values.get("course"), (values.get("free_title") or "").strip()
        if not course and not title and "course" not in self.errors and "free_title" not in self.errors:
            self.add_error(
                "free_title",
                ValidationError("目録から研修を選ぶか、研修の名前を書いてください。", code="course_required"),
            )
        values["free_title"] = "" if course else title
        starts, ends = values.get("starts_on"), values.get("ends_on") or values.get("starts_on")
        values["ends_on"] = ends
        if starts and ends and ends < starts:
            self.add_error(
                "ends_on",
                ValidationError("終わりが始まりより前です。どちらかの日付を直してください。", code="ends_before_start"),
            )
        expires = values.get("expires_on")
        if expires and ends and expires < ends:
            self.add_error(
                "expires_on",
                ValidationError(
                    "有効期限が研修の終わりより前です。修了証を見て、入れ直してください。", code="expires_before_end"
                ),
            )
        return values

    def filled(self) -> TrainingRecord:
        """The record with the values of the form, not saved. Call it only if the form is valid."""
        for name in self.base_fields:
            setattr(self.record, name, self.cleaned_data[name])
        return self.record
