"""The forms for the actions of a manager on one assignment: remind, extend, waive, cancel.

The forms check texts and dates. ``learning.assignments.adjustments`` and ``learning.notifications.nudges`` check
permission and carry out the action.
"""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.core.exceptions import ValidationError

from kb.text_cleaning import LongField
from kb.writing.forms.fields import DayField
from learning.assignments.adjustments import MAX_REASON_LENGTH
from learning.models.path import MAX_DAYS
from learning.notifications.nudges import MAX_TEXT
from organization import clock


class RemindForm(forms.Form):
    text = LongField(
        label="文面",
        max_length=MAX_TEXT,
        rows=8,
        help_text="このまま送るか、直してから送ってください。お知らせとメールで届き、記録に残ります。",
    )


class ExtendForm(forms.Form):
    due_on = DayField(label="新しい期限", required=True, help_text="今の期限より後の日を入れます。")
    reason = LongField(label="延ばすわけ", max_length=MAX_REASON_LENGTH, rows=3, help_text="記録に残ります。")

    def clean_due_on(self) -> date:
        day: date = self.cleaned_data["due_on"]
        if day > clock.today() + timedelta(days=MAX_DAYS):
            raise ValidationError("新しい期限が5年より先です。日付を確かめて、入れ直してください。", code="due_too_far")
        return day


class WaiveForm(forms.Form):
    reason = LongField(
        label="免除のわけ", max_length=MAX_REASON_LENGTH, rows=3, help_text="例：前の職で同じ内容の研修を終えている。"
    )
    evidence = LongField(
        label="免除の根拠",
        max_length=MAX_REASON_LENGTH,
        rows=3,
        help_text="何で確かめたか。例：修了証の番号、受講記録の日付。",
    )


class CancelForm(forms.Form):
    reason = LongField(label="取りやめるわけ", max_length=MAX_REASON_LENGTH, rows=3, help_text="記録に残ります。")
