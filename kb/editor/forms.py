"""The forms behind the admin's pages: lists as words and lines instead of JSON, and nothing that the row decides.

Audience, attribution, unit and confidentiality are the row's (Item.ROW_FIELDS): a revision would drop a change of
them without a word. They are asked once, when an article is made, and afterwards changed by their own verbs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from modelcluster.forms import childformset_factory
from wagtail.admin.forms import WagtailAdminModelForm, WagtailAdminPageForm
from wagtail.admin.panels import get_form_for_model

from kb.formats.loading import formats, get_format
from kb.text_cleaning import LineField, LongField
from organization import clock
from organization.audience import Audience

#: Asked when a page is made, shown ever after.
ROW = ("audience", "attribution", "confidentiality", "owner_unit")
REVIEW_AFTER = timedelta(days=365)


class WordsField(LineField):
    """A list of words, typed with 「、」 between them."""

    most = 10

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", f"「、」で区切って{self.most}個まで。")
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return "、".join(str(word) for word in value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def clean(self, value: Any) -> Any:
        typed = super().clean(value).replace("，", "、").replace(",", "、")
        words = list(dict.fromkeys(word.strip() for word in typed.split("、") if word.strip()))
        if len(words) > self.most:
            raise ValidationError(f"{self.most}個までです。{len(words) - self.most}個けずってください。")
        if long := [word for word in words if len(word) > 30]:
            raise ValidationError(f"一つの言葉は30文字までです。「{long[0][:20]}…」を短くしてください。")
        return words


class SynonymsField(WordsField):
    most = 30


class LinesField(LongField):
    """A list of sentences, one a line."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(line) for line in value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class OfficeItemForm(WagtailAdminPageForm):
    """Any item in the admin."""

    keywords = WordsField(label="キーワード", max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in ROW:
                self.fields.pop(name, None)
        else:
            self.initial["review_due"] = clock.today() + REVIEW_AFTER
            # An article names no author, so nobody at all could open it.
            self.fields["audience"].choices = [pair for pair in Audience.choices if pair[0] != Audience.SELF]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not self.instance.pk and "owner_unit" in self.fields and not cleaned.get("owner_unit"):
            self.errors.pop("owner_unit", None)
            self.add_error("owner_unit", "所管所属を選んでください。読む人の問い合わせ先になります。")
        return cleaned


class OfficeLessonForm(OfficeItemForm):
    causes = forms.MultipleChoiceField(label="原因区分", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["causes"].choices = self.instance.Cause.choices


class OfficeChallengeForm(OfficeItemForm):
    premortem = LinesField(label="失敗の想定", required=False, max_length=1000, help_text="一行に一つ。")


class OfficeRetrospectiveForm(OfficeItemForm):
    """Its next actions are rows outside the revision: the form gives them a formset that Wagtail makes of others."""

    def __init__(self, data: Any = None, files: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, files, *args, **kwargs)
        retrospective = self.instance
        key = retrospective._meta.get_field("next_actions").field
        fields = ["what", "owner_post", "due_on"]
        form = get_form_for_model(key.model, form_class=WagtailAdminModelForm, fields=fields)
        formset = childformset_factory(
            key.related_model, key.model, form=form, fk_name=key.name, fields=fields, extra=0
        )
        retrospective.set_next_actions(retrospective.next_actions.all())
        self.formsets["next_actions"] = formset(data, files, instance=retrospective, prefix="next_actions")


class AnswerForm(WagtailAdminModelForm):
    """One answer: its prompt is chosen by name among those of its format."""

    section_key = forms.ChoiceField(label="問い")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["section_key"]
        chosen = get_format(self._format())
        known = [(section.key, section.label) for section in chosen.sections] if chosen else []
        mine = self.instance.section_key
        if chosen and mine and mine not in dict(known):
            known.append((mine, mine))  # written under an older file of the format
        everything = [(one.label, [(s.key, s.label) for s in one.sections]) for one in formats().values()]
        field.choices = known or everything

    def _format(self) -> str:
        parent = getattr(self.instance, "retrospective", None) if self.instance.retrospective_id else None
        return parent.format if parent is not None else ""


class WordForm(WagtailAdminModelForm):
    """A word of a vocabulary: its code is given once, because items, links and saved searches name it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields.pop("code", None)


class TermForm(WagtailAdminModelForm):
    synonyms = SynonymsField(label="同義語", max_length=900)


class ReferenceForm(WagtailAdminModelForm):
    keywords = WordsField(label="キーワード", max_length=200)
