"""Form fields for days, moments, numbers and codes of a vocabulary.

An error message tells the person what to do. It never repeats the value that was sent, because that value can be
anything.
"""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from kb.formats.loading import Fact
from kb.text_cleaning import LineField
from organization import clock
from organization.models import OrgUnit, Post
from organization.units.tree import UnitTree, unit_tree

REQUIRED = "「{label}」が空です。{hint}"
CODE = re.compile(r"[A-Za-z0-9_-]{1,60}")
#: An earlier year is treated as a typing error, because today's civil service began in 1947.
FIRST_YEAR = 1947


def choice_messages(label: str) -> dict[str, str]:
    """Returns the error messages for a choice field with that label."""
    again = f"「{label}」は、画面に出ている中から選び直してください。"
    return {
        "required": REQUIRED.format(label=label, hint="一つ選んでください。"),
        "invalid_choice": again,
        "invalid_list": again,
        "invalid_pk_value": again,
    }


class DayField(forms.DateField):
    """A calendar day. With `past`, a future day is refused."""

    def __init__(self, *, label: str, required: bool = False, past: bool = False, help_text: str = "") -> None:
        messages = {
            "invalid": f"「{label}」は 2026-04-01 のように、年-月-日 で入れてください。",
            "required": REQUIRED.format(label=label, hint="日付を入れてください。"),
        }
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(label=label, required=required, help_text=help_text, error_messages=messages, widget=widget)
        self.past = past

    def clean(self, value: Any) -> date | None:
        day = super().clean(value)
        if day and self.past and day > clock.today():
            raise ValidationError(
                f"「{self.label}」が先の日付です。今日か、それより前の日を入れてください。", code="future"
            )
        if day and day.year < FIRST_YEAR:
            raise ValidationError(f"「{self.label}」の年を確かめて、入れ直してください。", code="year")
        return day


class MomentField(forms.DateTimeField):
    """A date and time in the past. It is entered in the browser's own control."""

    def __init__(self, *, label: str, required: bool) -> None:
        messages = {
            "invalid": f"「{label}」は 2026-04-01 09:30 のように、日付と時刻で入れてください。",
            "required": REQUIRED.format(label=label, hint="日付と時刻を入れてください。"),
        }
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(label=label, required=required, error_messages=messages, widget=widget)

    def clean(self, value: Any) -> datetime | None:
        moment = super().clean(value)
        if moment and moment > clock.now():
            raise ValidationError(f"「{self.label}」が先の日時です。今より前の日時を入れてください。", code="future")
        if moment and moment.year < FIRST_YEAR:
            raise ValidationError(f"「{self.label}」の年を確かめて、入れ直してください。", code="year")
        return moment


class WholeField(forms.IntegerField):
    """A whole number. Full-width digits are accepted.

    The field uses a text control. With a number control the browser sends nothing if letters were typed, so the typed
    text would be lost.
    """

    def __init__(self, *, label: str, lowest: int, highest: int, required: bool = False, **options: Any) -> None:
        between = f"「{label}」は、{lowest:,}から{highest:,}までの数字で入れてください。"
        messages = {
            "invalid": f"「{label}」は、数字だけで入れてください。",
            "required": REQUIRED.format(label=label, hint="数字を入れてください。"),
            "min_value": between,
            "max_value": between,
        }
        widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
        super().__init__(
            label=label,
            min_value=lowest,
            max_value=highest,
            required=required,
            error_messages=messages,
            widget=widget,
            **options,
        )

    def to_python(self, value: Any) -> int | None:
        return super().to_python(value.replace(",", "").replace("，", "") if isinstance(value, str) else value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}  # min and max are attributes of a number control, and this is a text control.


class CodesField(forms.ModelMultipleChoiceField):
    """Entries of a vocabulary, or municipalities. They are chosen by code."""

    def __init__(self, queryset: QuerySet[Any], *, label: str, required: bool = False) -> None:
        messages = {**choice_messages(label), "required": REQUIRED.format(label=label, hint="一つ以上選んでください。")}
        super().__init__(
            queryset,
            label=label,
            required=required,
            error_messages=messages,
            to_field_name="code",
            widget=forms.CheckboxSelectMultiple,
        )

    def clean(self, value: Any) -> Any:
        if not all(isinstance(code, str) and CODE.fullmatch(code) for code in value or ()):
            # This is checked before the query: for NUL, PostgreSQL raises an exception instead of finding no row.
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().clean(value)

    @cached_property
    def tree(self) -> UnitTree:
        """The unit tree. It is read once for all labels, because the str() of a unit would run one query per unit."""
        return unit_tree()

    def label_from_instance(self, obj: Any) -> str:
        return self.tree.name(obj.pk) if isinstance(obj, OrgUnit) else super().label_from_instance(obj)


class PostField(forms.ModelChoiceField):
    """A post. It is chosen by uid and labelled with today's name of its unit."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(uuid.UUID(str(value)) if value not in self.empty_values else value)
        except (ValueError, ValidationError):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from None

    @cached_property
    def tree(self) -> UnitTree:
        return unit_tree()

    def label_from_instance(self, obj: Post) -> str:
        return f"{self.tree.name(obj.unit_id)} {obj.title}"


def fact_field(fact: Fact, *, required: bool) -> forms.Field:
    """Returns the form field for one fact of a format. The format file was already checked when it was loaded."""
    if fact.type == "datetime":
        return MomentField(label=fact.label, required=required)
    if fact.type == "number":
        highest = fact.max if fact.max is not None else 1_000_000_000
        return WholeField(label=fact.label, lowest=fact.min or 0, highest=highest, required=required)
    if fact.type == "choice":
        blank = [] if required else [("", "選ばない")]
        return forms.ChoiceField(
            label=fact.label,
            required=required,
            choices=[*blank, *fact.choices],
            widget=forms.RadioSelect,
            error_messages=choice_messages(fact.label),
        )
    if fact.type == "choices":
        required_message = REQUIRED.format(label=fact.label, hint="一つ以上選んでください。")
        messages = {**choice_messages(fact.label), "required": required_message}
        return forms.MultipleChoiceField(
            label=fact.label,
            required=required,
            choices=fact.choices,
            widget=forms.CheckboxSelectMultiple,
            error_messages=messages,
        )
    return LineField(label=fact.label, max_length=fact.max or 1000, required=required)
