"""The fields that all forms of items share. Most of them are folded under 「くわしく」.

A form checks texts, dates and choices. Other modules decide about permissions and storage. A form reads only declared
fields: other values in a request (owner, state, live …) are ignored.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict

from kb.items.authorship import is_author
from kb.models import Draft, Scene, Stance, Theme
from kb.text_cleaning import LineField, LongField, clean_text
from kb.writing.choices import Choice
from kb.writing.forms.fields import CodesField, DayField, choice_messages
from kb.writing.forms.screens import Prompt
from organization import clock
from organization.access_policy import Reader
from organization.audience import Attribution, Audience
from organization.models import OrgUnit

#: The audiences that staff may choose. `public` is not among them: it needs an approver and will come with the public
#: site.
WRITABLE_AUDIENCES = [
    (Audience.UNIT, "所属の中（すぐに公開されます）"),
    (Audience.DEPARTMENT, "部局の中（所属の確認のあと）"),
    (Audience.PREFECTURE, "庁内全体（所属の確認のあと）"),
    (Audience.MUNICIPAL, "市町村まで（所属の確認のあと）"),
    (Audience.SELF, "じぶんだけ"),
]
#: Audiences that are not offered to municipal staff, because municipal staff could not read the item themselves.
COUNTY_ONLY = (Audience.DEPARTMENT, Audience.PREFECTURE)
UNREADABLE = "こわれた文字が混じっていて、読み取れない所がありました。そのあたりを消して、打ち直してください。"


class ItemForm(forms.Form):
    """Base of the forms. `reader` describes what the writer may read. `draft` is the draft that the form fills.

    `unreadable` is true if the request was not valid UTF-8. Then nothing of the request is stored.
    """

    title = LineField(label="件名", max_length=60, required=True, help_text="60文字まで。中身が一目で分かる名前に。")
    summary = LongField(
        label="要旨", max_length=200, required=False, rows=2, help_text="空のときは、本文の初めから作ります。"
    )
    occurred_on = DayField(label="発生・実施日", past=True, help_text="空のときは、今日になります。")
    audience = forms.ChoiceField(
        label="公開範囲",
        choices=WRITABLE_AUDIENCES,
        initial=Audience.UNIT,
        widget=forms.RadioSelect,
        error_messages=choice_messages("公開範囲"),
    )
    attribution = forms.ChoiceField(
        label="記名",
        choices=Attribution.choices,
        initial=Attribution.NAMED,
        required=False,
        error_messages=choice_messages("記名"),
        widget=forms.RadioSelect,
    )
    themes = CodesField(Theme.objects.all(), label="分野")
    scenes = CodesField(Scene.objects.all(), label="業務場面")
    stances = CodesField(Stance.objects.all(), label="基本姿勢")
    municipalities = CodesField(OrgUnit.objects.filter(kind="municipality"), label="市町村")
    keywords = LineField(label="キーワード", max_length=200, required=False, help_text="「、」で区切って10個まで。")

    #: The fields that are shown under 「くわしく」.
    FOLDED: ClassVar[tuple[str, ...]] = (
        "summary",
        "occurred_on",
        "attribution",
        "themes",
        "scenes",
        "stances",
        "municipalities",
        "keywords",
    )
    #: The fields of the last screen, above the audience and the button.
    LAST: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        *args: Any,
        reader: Reader | None = None,
        draft: Draft | None = None,
        unreadable: bool = False,
        **kwargs: Any,
    ) -> None:
        self.reader, self.draft, self.unreadable = reader, draft, unreadable
        self.refused = False
        super().__init__(*args, **kwargs)
        # An incomplete draft can be saved, so the browser must not insist on required fields.
        self.use_required_attribute = False
        audience = self.fields["audience"]
        assert isinstance(audience, forms.ChoiceField)
        if reader is not None and not reader.is_county:
            audience.choices = [pair for pair in WRITABLE_AUDIENCES if pair[0] not in COUNTY_ONLY]
        if draft is not None and draft.item is not None:
            if draft.item.live:
                # The audience of a published item is changed on a page of its own, where a wider audience needs a
                # reviewer (I3).
                del self.fields["audience"]
            if not is_author(item=draft.item, person=draft.author):
                # Only the author chooses how the author is named. Another editor must not reveal the name.
                del self.fields["attribution"]

    # --- What the screens show -----------------------------------------------------------------

    @classmethod
    def choices(cls) -> list[Choice]:
        """Returns the choices of /write/ that begin with this form."""
        raise NotImplementedError

    @classmethod
    def for_draft(cls, draft: Draft, **options: Any) -> Self:
        """Returns the form of a draft. If a form depends on a format, it overrides this method to look
        up the format.
        """
        return cls(draft=draft, **options)

    @property
    def prompts(self) -> list[Prompt]:
        """The main prompts. A phone shows one prompt on each screen."""
        raise NotImplementedError

    @property
    def optional(self) -> list[Prompt]:
        """The optional prompts. They are on the last screen."""
        return []

    @property
    def facts(self) -> list[dict[str, Any]]:
        """The structured questions. Only some formats of a retrospective have structured questions."""
        return []

    @property
    def last(self) -> list[forms.BoundField]:
        return self._bound_fields(self.LAST)

    @property
    def folded(self) -> list[forms.BoundField]:
        return self._bound_fields(self.FOLDED)

    @property
    def folded_has_errors(self) -> bool:
        return any(field.errors for field in self.folded)

    def _bound_fields(self, names: tuple[str, ...]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    # --- Checks ------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        if self.unreadable:
            self.add_error(None, ValidationError(UNREADABLE, code="unreadable"))
        return super().clean() or self.cleaned_data

    def clean_keywords(self) -> list[str]:
        words = [
            word.strip() for word in self.cleaned_data["keywords"].replace("，", "、").replace(",", "、").split("、")
        ]
        words = list(dict.fromkeys(word for word in words if word))
        if len(words) > 10:
            over = len(words) - 10
            raise ValidationError(
                f"「キーワード」は10個までです。今は{len(words)}個です。{over}個けずってください。", code="too_many"
            )
        return words

    def clean_attribution(self) -> str:
        return self.cleaned_data.get("attribution") or Attribution.NAMED

    def clean_occurred_on(self) -> date:
        return self.cleaned_data.get("occurred_on") or clock.today()

    # --- An incomplete draft ---------------------------------------------------

    def typed(self) -> dict[str, Any]:
        """Returns what was typed, in the form in which Draft.data stores it: NFC text by field name.

        Raises ValidationError (by field) if something cannot be stored: NUL or a lone surrogate (code `unkeepable`), or
        invalid UTF-8 (code `unreadable`).
        """
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        if self.unreadable:
            errors["__all__"] = ValidationError(UNREADABLE, code="unreadable")
        for name, field in self.fields.items():
            key = self.add_prefix(name)
            is_group = isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField)
            if key not in self.data and not is_group and not isinstance(field, forms.BooleanField):
                continue
            label = str(field.label or "この欄")
            try:
                if is_group:
                    chosen = self.data.getlist(key) if hasattr(self.data, "getlist") else self.data.get(key, [])
                    values[name] = [clean_text(value, label) for value in chosen]
                elif isinstance(field, forms.BooleanField):
                    values[name] = bool(self.data.get(key))
                else:
                    values[name] = clean_text(self.data.get(key, ""), label)
            except ValidationError as error:
                errors[name] = error
        if errors:
            raise ValidationError(errors)
        return values

    def refuse(self, error: ValidationError) -> None:
        """Shows only `error`, as the reason why nothing was saved. Other errors are removed, because a draft may be
        incomplete.
        """
        self.refused = True
        self._errors = ErrorDict()
        self.cleaned_data = {}
        by_field = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
        for name, errors in by_field.items():
            self.add_error(None if name == "__all__" else name, ValidationError(errors))

    def add_general_errors(self, error: ValidationError) -> None:
        """Shows every message of `error` above the form, with its code. Messages that belong to single fields are shown
        there, too.
        """
        lists = error.error_dict.values() if hasattr(error, "error_dict") else [error.error_list]
        self.add_error(None, ValidationError([single for errors in lists for single in errors]))

    @cached_property
    def is_edit(self) -> bool:
        """Whether the draft changes an existing item."""
        return self.draft is not None and self.draft.item_id is not None
