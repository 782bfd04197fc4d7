"""The forms of a path: new path, copy, text, goal and due date, group of steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from kb.text_cleaning import LineField, LongField
from kb.writing.forms.fields import DayField, WholeField, choice_messages
from learning.access import path_permissions
from learning.models import PathVersion, StepGroup
from learning.models.path import MAX_DAYS
from organization import clock
from organization.access_policy import Viewer
from organization.audience import Audience
from organization.units.tree import unit_tree

#: The number of days in the shortest month. It limits the renewal window, because a window that is longer than the
#: validity would never close.
DAYS_A_MONTH = 28

AUDIENCE_WORDS = {
    Audience.UNIT: "所属の中（すぐに公開されます）",
    Audience.DEPARTMENT: "部局の中（研修担当の確認のあと）",
    Audience.PREFECTURE: "庁内全体（研修担当の確認のあと）",
    Audience.MUNICIPAL: "市町村まで（研修担当の確認のあと）",
}


def audience_choices(user: Viewer) -> list[tuple[str, str]]:
    return [(str(code), AUDIENCE_WORDS[code]) for code in path_permissions.audiences_of(user)]


class OwnerForm(forms.Form):
    """Title, owner unit and audience of a path, limited to the units and audiences that `user` may choose."""

    title = LineField(
        label="題", max_length=60, required=True, help_text="60文字まで。だれの、何のための学習かが分かる名前に。"
    )
    unit = forms.ChoiceField(
        label="所管所属", error_messages=choice_messages("所管所属"), help_text="この所属の長と研修担当が、直せます。"
    )
    audience = forms.ChoiceField(
        label="公開範囲", widget=forms.RadioSelect, error_messages=choice_messages("公開範囲"), initial=Audience.UNIT
    )

    def __init__(self, *args: Any, user: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tree = unit_tree()
        unit, audience = self.fields["unit"], self.fields["audience"]
        assert isinstance(unit, forms.ChoiceField) and isinstance(audience, forms.ChoiceField)
        unit.choices = [(tree.uid(pk), tree.name(pk)) for pk in path_permissions.units_of(user)]
        audience.choices = audience_choices(user)
        self._units = {tree.uid(pk): pk for pk in path_permissions.units_of(user)}
        self.use_required_attribute = False

    def clean_unit(self) -> int:
        return self._units[self.cleaned_data["unit"]]


class NewPathForm(OwnerForm):
    summary = LongField(
        label="要旨", max_length=200, required=False, rows=2, help_text="一覧と検索に出る二、三行。200文字まで。"
    )
    field_order = ("title", "summary", "unit", "audience")


class TextForm(forms.Form):
    title = LineField(label="題", max_length=60, required=True, help_text="60文字まで。")
    summary = LongField(
        label="要旨", max_length=200, required=False, rows=2, help_text="一覧と検索に出る二、三行。200文字まで。"
    )
    about = LongField(
        label="説明",
        max_length=2000,
        required=False,
        rows=6,
        help_text="だれのための学習か、どう進めるか。見出しや箇条書き（Markdown）も使えます。",
    )
    use_required_attribute = False


class AudienceForm(forms.Form):
    audience = forms.ChoiceField(
        label="新しい公開範囲", widget=forms.RadioSelect, error_messages=choice_messages("公開範囲")
    )

    def __init__(self, *args: Any, user: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["audience"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = audience_choices(user)


class SettingsForm(forms.Form):
    """Goal, due date and validity of a version. The editor chooses one due-date rule; the values of the other rules are
    reset.
    """

    goal = LongField(
        label="ねらい", max_length=400, required=True, rows=3, help_text="終えた人が、何をできるようになるか。"
    )
    due_kind = forms.ChoiceField(
        label="期限の決め方",
        choices=PathVersion.DueKind.choices,
        widget=forms.RadioSelect,
        error_messages=choice_messages("期限の決め方"),
    )
    due_days = WholeField(
        label="日数", lowest=1, highest=MAX_DAYS, help_text="「割当てから」「発令から」のとき。例：90"
    )
    due_on = DayField(label="決まった日", help_text="「決まった日」のとき。")
    valid_months = WholeField(
        label="有効な月数", lowest=1, highest=120, help_text="受け直しが要る学習だけ。空なら、ずっと有効です。"
    )
    renew_window_days = WholeField(
        label="更新を始められる日数", lowest=0, highest=365, help_text="有効期限の何日前から、受け直せるか。"
    )
    use_required_attribute = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        kind = data.get("due_kind")
        if kind == PathVersion.DueKind.FIXED:
            self._clean_day(data)
            data["due_days"] = data.get("due_days") or PathVersion._meta.get_field("due_days").default
        elif kind:
            data["due_on"] = None
            if not data.get("due_days") and "due_days" not in self.errors:
                self.add_error(
                    "due_days",
                    ValidationError("「日数」が空です。期限までの日数を入れてください。", code="due_days_required"),
                )
        months, window = data.get("valid_months"), data.get("renew_window_days")
        if months and window and window > months * DAYS_A_MONTH:
            self.add_error(
                "renew_window_days",
                ValidationError(
                    f"有効な{months}か月より長い日数です。{months * DAYS_A_MONTH}日までにしてください。",
                    code="window_too_long",
                ),
            )
        if window is None and "renew_window_days" not in self.errors:
            data["renew_window_days"] = PathVersion._meta.get_field("renew_window_days").default
        return data

    def _clean_day(self, data: dict[str, Any]) -> None:
        if "due_on" in self.errors:
            return
        if not data.get("due_on"):
            self.add_error("due_on", ValidationError("「決まった日」の日付を入れてください。", code="due_on_required"))
        elif data["due_on"] < clock.today():
            self.add_error(
                "due_on",
                ValidationError(
                    "「決まった日」が過ぎた日です。今日か、それより後の日を入れてください。", code="due_in_past"
                ),
            )


class GroupForm(forms.Form):
    title = LineField(label="まとまりの名前", max_length=60, required=True, help_text="例：はじめの一週間")
    rule = forms.ChoiceField(
        label="すませ方",
        widget=forms.RadioSelect,
        initial=StepGroup.Rule.ALL,
        error_messages=choice_messages("すませ方"),
        choices=[
            (StepGroup.Rule.ALL, "必須のステップを、すべてすませる"),
            (StepGroup.Rule.ANY, "この中から、いくつかをすませる"),
        ],
    )
    any_n = WholeField(label="すませる数", lowest=1, highest=60, help_text="「いくつか」のとき。例：2")
    use_required_attribute = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("rule") == StepGroup.Rule.ANY and not data.get("any_n") and "any_n" not in self.errors:
            self.add_error(
                "any_n",
                ValidationError(
                    "「すませる数」が空です。いくつすませればよいかを入れてください。", code="any_n_required"
                ),
            )
        data["any_n"] = data.get("any_n") or 1
        return data


class CommentForm(forms.Form):
    """The comment on a 差戻し, or the reason for a 取り下げ."""

    comment = LongField(label="ことば", max_length=200, required=True, rows=2)
    use_required_attribute = False
