"""The forms of a step. This module contains the fields that all step types share, and the fields of most types.

The forms with a lookup are in ``lookup``, the quiz form is in ``quiz``. ``step_types`` maps each type to its form.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from kb.formats.loading import formats
from kb.text_cleaning import UNSTORABLE, LineField, LongField
from kb.writing.forms.fields import DayField, WholeField, choice_messages
from learning.models import Completion, Step, TrainingCourse
from organization.access_policy import Viewer


class StepForm(forms.Form):
    """The fields that all types share. `user` edits the path. `step` is the step to change; None for a new step."""

    title = LineField(label="題", max_length=80, required=True, help_text="80文字まで。何をするかが分かるように。")
    why = LineField(label="なぜ", max_length=200, required=True, help_text="何のためのステップかを、学ぶ人に一行で。")
    minutes = WholeField(label="目安の分", lowest=1, highest=6000, required=True)
    required = forms.BooleanField(label="必須にする", required=False, initial=True)
    completion = forms.ChoiceField(
        label="完了条件",
        choices=Completion.choices,
        widget=forms.RadioSelect,
        initial=Completion.SELF,
        error_messages=choice_messages("完了条件"),
    )
    use_required_attribute = False
    #: The columns of this type. Their fields come first in the form.
    OWN: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, user: Viewer, step: Step | None = None, **kwargs: Any) -> None:
        self.user, self.step = user, step
        kwargs.setdefault("initial", self.initial_of(step) if step is not None else {"minutes": 10, "required": True})
        super().__init__(*args, **kwargs)
        self.order_fields([*self.OWN, "title", "why", "minutes", "required", "completion"])

    def initial_of(self, step: Step) -> dict[str, Any]:
        return {name: getattr(step, name) for name in ("title", "why", "minutes", "required", "completion", *self.OWN)}

    @property
    def own(self) -> list[forms.BoundField]:
        return [self[name] for name in self.OWN]

    @property
    def common(self) -> list[forms.BoundField]:
        return [self[name] for name in ("title", "why", "minutes", "required", "completion") if name in self.fields]

    def values(self) -> dict[str, Any]:
        """Returns the values for `learning.authoring.editing`: only the shared columns and the columns of the step
        type.
        """
        names = [name for name in ("title", "why", "minutes", "required", "completion") if name in self.fields]
        return {name: self.cleaned_data[name] for name in (*names, *self.OWN)}


class ByFactForm(StepForm):
    """The form of a step that is completed by a publication or a training record. So the editor cannot choose how the
    step is completed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["completion"]


class WriteForm(ByFactForm):
    OWN = ("format",)
    format = forms.ChoiceField(label="ふりかえりの書式", required=False, error_messages=choice_messages("書式"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["format"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "どの書式でもよい"), *((format.key, format.label) for format in formats().values())]


class CourseField(forms.ModelChoiceField):
    """A field that finds a course by its code. It refuses a NUL character before the query, because NUL raises an error
    in PostgreSQL.
    """

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and UNSTORABLE.search(value):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().to_python(value)


class CourseForm(ByFactForm):
    OWN = ("course",)
    course = CourseField(
        TrainingCourse.objects.none(),
        label="研修",
        to_field_name="code",
        empty_label="選んでください",
        error_messages=choice_messages("研修"),
        help_text="受講の記録が修了か合格になると、自動ですみになります。",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["course"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = TrainingCourse.objects.filter(retired=False)

    def initial_of(self, step: Step) -> dict[str, Any]:
        return {**super().initial_of(step), "course": step.course.code if step.course else ""}


class JobForm(StepForm):
    OWN = ("task",)
    task = LongField(
        label="やること", max_length=400, required=True, rows=3, help_text="終えた人は、何をしたかを書いて送ります。"
    )


class EventForm(StepForm):
    OWN = ("held_on", "place")
    held_on = DayField(label="行事の日", required=True)
    place = LineField(label="場所", max_length=80, required=False)
