"""The assignment form (first screen), and the row of one person on the list (second screen).

The form checks texts, dates and choices. ``learning.assignments.assigning`` decides who may get the path. The form
sends people as uids. ``learning.assignments.recipients`` reads these uids from the request without a filter. Fields
that the form does not declare are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.http import QueryDict

from kb.text_cleaning import LineField, LongField
from kb.writing.forms.fields import DayField, choice_messages
from learning.assignments.eligible_people import Candidate
from learning.models.path import MAX_DAYS
from organization import clock

#: Suggested reasons, which the user can adapt. The reason is the first text that the assigned person reads.
REASONS = (
    "着任して最初の三か月に、この所属の仕事の進め方を一緒に確かめるためです。",
    "今の仕事で必要になる知識なので、早めに学んでおいてほしいからです。",
    "昨年度のふりかえりで、全員で学び直すことにしたためです。",
)
YEAR = timedelta(days=366)


class TitlesField(forms.MultipleChoiceField):
    """The post titles that the user has ticked. A title that nobody has on the chosen day selects nobody and is no
    error.
    """

    def valid_value(self, value: object) -> bool:
        return len(str(value)) <= 60


class AssignForm(forms.Form):
    path = forms.ChoiceField(label="学習パス", error_messages=choice_messages("学習パス"))
    start_on = DayField(
        label="開始",
        required=True,
        help_text="着任が内示されている人には、着任の日を入れます。その日の職員が一覧に出ます。",
    )
    unit = forms.ChoiceField(label="所属", required=False, error_messages=choice_messages("所属"))
    q = LineField(label="氏名・職員番号", max_length=60, required=False, help_text="一人ずつ選ぶときに。")
    groups = forms.MultipleChoiceField(
        label="まとめて選ぶ",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages=choice_messages("まとめて選ぶ"),
        help_text="次の画面で、一人ずつ外したり期限を変えたりできます。",
    )
    titles = TitlesField(label="職で選ぶ", required=False, widget=forms.CheckboxSelectMultiple)
    reason = LongField(
        label="理由",
        max_length=300,
        rows=3,
        help_text="本人が最初に読みます。なぜこの人に、なぜ今かを書いてください。300文字まで。",
    )
    due_on = DayField(label="決まった期限", help_text="空のままなら、学習パスの決まりどおりの期限になります。")
    bound = forms.ChoiceField(
        label="何に結びつけるか",
        required=False,
        widget=forms.RadioSelect,
        error_messages=choice_messages("何に結びつけるか"),
        choices=[
            ("person", "人に（異動しても続きます）"),
            ("post", "職に（職を離れると終わり、後任への割当を提案します）"),
        ],
    )

    def __init__(self, *args: Any, choices: dict[str, Sequence[tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_required_attribute = (
            False  # without this, the browser would block the buttons that only narrow the list
        )
        for name, pairs in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = pairs

    def clean_start_on(self) -> date:
        day: date = self.cleaned_data["start_on"]
        if day < clock.today():
            raise ValidationError("開始が過ぎた日です。今日か、それより後の日にしてください。", code="start_in_past")
        if day > clock.today() + YEAR:
            raise ValidationError("開始が1年より先です。日付を確かめて、入れ直してください。", code="start_too_far")
        return day

    def clean_due_on(self) -> date | None:
        due: date | None = self.cleaned_data["due_on"]
        start: date | None = self.cleaned_data.get("start_on")
        if due and start:
            check_due(due, start)
        return due

    def clear_errors(self) -> None:
        """Show the typed values without errors. This is for buttons that do not submit the form yet."""
        self._errors = ErrorDict()

    def carried_values(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """Returns the names and values of the typed fields. The next screen carries them as hidden fields."""
        data = self.data
        assert isinstance(data, QueryDict)
        return [(name, value) for name in names for value in data.getlist(name)]


def check_due(due: date, start: date) -> None:
    if due < start:
        raise ValidationError("期限が開始より前です。期限を開始の日より後にしてください。", code="due_before_start")
    if due > start + timedelta(days=MAX_DAYS):
        raise ValidationError("期限が5年より先です。日付を確かめて、入れ直してください。", code="due_too_far")


@dataclass
class RecipientRow:
    """One person on the list, with the values that the user has typed for this person."""

    candidate: Candidate
    why: str
    due_on: date
    left: bool = False
    typed: str = ""
    error: str = ""
    own_due: date | None = field(default=None)

    @property
    def key(self) -> str:
        return str(self.candidate.person.uid)

    @property
    def due_value(self) -> str:
        return self.typed or self.due_on.isoformat()

    def bind(self, data: QueryDict, start: date) -> None:
        """Read the submitted values of this person. An invalid date is shown again as it was typed, with an error
        message.
        """
        self.left = self.key in data.getlist("leave")
        self.typed = data.get(f"due-{self.key}", "")[:40]
        if self.left or not self.typed:
            return
        try:
            self.own_due = DayField(label="期限").clean(self.typed)
            if self.own_due:
                check_due(self.own_due, start)
        except ValidationError as error:
            self.error = error.messages[0]
