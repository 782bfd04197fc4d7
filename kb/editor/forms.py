"""The forms of the admin. Lists are typed as words or lines instead of JSON, and row fields are left out.

Audience, attribution, unit and confidentiality are row fields (Item.ROW_FIELDS). They are not part of a revision, so a
change in this form would be lost without a message. The form asks for row fields only when an article is created.
Later, each row field has an action that changes it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from modelcluster.forms import childformset_factory
from wagtail.admin.forms import WagtailAdminModelForm, WagtailAdminPageForm
from wagtail.admin.panels import get_form_for_model

from kb.formats.loading import Format, formats, get_format
from kb.text_cleaning import LineField, LongField
from organization import clock
from organization.audience import Audience

#: Row fields. They are in the form of a new page only; later they are shown as text.
ROW_FIELDS = ("audience", "attribution", "confidentiality", "owner_unit")
#: The default review due date of a new article is this long after today.
REVIEW_AFTER = timedelta(days=365)


class WordListField(LineField):
    """A list of words, typed with 「、」 between them. The cleaned value is a list[str] without duplicates."""

    max_words = 10

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", f"「、」で区切って{self.max_words}個まで。")
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return "、".join(str(word) for word in value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def clean(self, value: Any) -> list[str]:
        typed = super().clean(value).replace("，", "、").replace(",", "、")
        words = list(dict.fromkeys(word.strip() for word in typed.split("、") if word.strip()))
        if len(words) > self.max_words:
            over = len(words) - self.max_words
            raise ValidationError(f"{self.max_words}個までです。{over}個けずってください。", code="too_many")
        if too_long := [word for word in words if len(word) > 30]:
            raise ValidationError(
                f"一つの言葉は30文字までです。「{too_long[0][:20]}…」を短くしてください。", code="word_too_long"
            )
        return words


class SynonymsField(WordListField):
    max_words = 30


class LinesField(LongField):
    """A list of sentences, typed one per line. The cleaned value is a list[str]."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(line) for line in value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class AdminItemForm(WagtailAdminPageForm):
    """Base of the forms for items in the admin."""

    keywords = WordListField(label="キーワード", max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in ROW_FIELDS:
                self.fields.pop(name, None)
        else:
            self.initial["review_due"] = clock.today() + REVIEW_AFTER
            # An article has no author, so nobody could open a private article.
            self.fields["audience"].choices = [pair for pair in Audience.choices if pair[0] != Audience.SELF]

    def clean(self) -> dict[str, Any]:
        cleaned_data: dict[str, Any] = super().clean()
        if not self.instance.pk and "owner_unit" in self.fields and not cleaned_data.get("owner_unit"):
            self.errors.pop("owner_unit", None)
            message = "所管所属を選んでください。読む人の問い合わせ先になります。"
            self.add_error("owner_unit", ValidationError(message, code="required"))
        return cleaned_data


class AdminLessonForm(AdminItemForm):
    causes = forms.MultipleChoiceField(label="原因区分", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["causes"].choices = self.instance.Cause.choices


class AdminChallengeForm(AdminItemForm):
    premortem = LinesField(label="失敗の想定", required=False, max_length=1000, help_text="一行に一つ。")


class AdminRetrospectiveForm(AdminItemForm):
    """Adds the formset for next actions. Next actions are rows outside the revision, so Wagtail does not create this
    formset.
    """

    def __init__(self, data: Any = None, files: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, files, *args, **kwargs)
        retrospective = self.instance
        foreign_key = retrospective._meta.get_field("next_actions").field
        fields = ["what", "owner_post", "due_on"]
        form = get_form_for_model(foreign_key.model, form_class=WagtailAdminModelForm, fields=fields)
        formset = childformset_factory(
            foreign_key.related_model, foreign_key.model, form=form, fk_name=foreign_key.name, fields=fields, extra=0
        )
        retrospective.set_next_actions(retrospective.next_actions.all())
        self.formsets["next_actions"] = formset(data, files, instance=retrospective, prefix="next_actions")


class AnswerForm(WagtailAdminModelForm):
    """The form of one answer. The prompt is chosen by name from the sections of the format."""

    section_key = forms.ChoiceField(label="問い")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["section_key"]
        format = get_format(self._format_key())
        choices = _section_choices(format) if format else []
        current = self.instance.section_key
        if format and current and current not in dict(choices):
            choices.append((current, current))  # The file of the format no longer contains this section.
        field.choices = choices or [(each.label, _section_choices(each)) for each in formats().values()]

    def _format_key(self) -> str:
        parent = getattr(self.instance, "retrospective", None) if self.instance.retrospective_id else None
        return parent.format if parent is not None else ""


def _section_choices(format: Format) -> list[tuple[str, str]]:
    return [(section.key, section.label) for section in format.sections]


class VocabularyForm(WagtailAdminModelForm):
    """The form of a vocabulary entry. The code cannot be changed, because items, links and saved
    searches refer to it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields.pop("code", None)


class TermForm(WagtailAdminModelForm):
    synonyms = SynonymsField(label="同義語", max_length=900)


class ReferenceForm(WagtailAdminModelForm):
    keywords = WordListField(label="キーワード", max_length=200)
