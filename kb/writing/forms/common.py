"""The fields that every capture form shares, most of them folded under 「くわしく」.

A form checks words, dates and choices; who may do what, and what is stored, is decided elsewhere. Fields that are not
declared here do not exist: whatever else a request carries (owner, state, live …) is never looked at.
"""

from __future__ import annotations

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
#: What makes no sense to staff of a municipality, who could not read it themselves.
COUNTY_ONLY = (Audience.DEPARTMENT, Audience.PREFECTURE)
UNREADABLE = "こわれた文字が混じっていて、読み取れない所がありました。そのあたりを消して、打ち直してください。"


class ItemForm(forms.Form):
    """Base of the capture forms. `reader` is the policy's view of who writes; `draft` what they write.

    `unreadable` says that the request held bytes that are no text: nothing of it is kept.
    """

    title = LineField(label="件名", max_length=60, required=True, help_text="60文字まで。中身が一目で分かる名前に。")
    summary = LongField(
        label="要旨", max_length=200, required=False, rows=2, help_text="空のときは、本文の初めから作ります。"
    )
    occurred_on = DayField(label="発生・実施日", past=True, help_text="空のときは、今日になります。")
    audience = forms.ChoiceField(
        label="公開範囲", choices=WRITABLE_AUDIENCES, initial=Audience.UNIT, widget=forms.RadioSelect,
        error_messages=choice_messages("公開範囲"),
    )  # fmt: skip
    attribution = forms.ChoiceField(
        label="記名", choices=Attribution.choices, initial=Attribution.NAMED, required=False,
        error_messages=choice_messages("記名"), widget=forms.RadioSelect,
    )  # fmt: skip
    themes = CodesField(Theme.objects.all(), label="分野")
    scenes = CodesField(Scene.objects.all(), label="業務場面")
    stances = CodesField(Stance.objects.all(), label="基本姿勢")
    municipalities = CodesField(OrgUnit.objects.filter(kind="municipality"), label="市町村")
    keywords = LineField(label="キーワード", max_length=200, required=False, help_text="「、」で区切って10個まで。")

    #: Fields shown under 「くわしく」.
    FOLDED: ClassVar[tuple[str, ...]] = (
        "summary", "occurred_on", "attribution", "themes", "scenes", "stances", "municipalities", "keywords",
    )  # fmt: skip
    #: Fields of the last screen, above the audience and the button.
    LAST: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, *args: Any, reader: Any = None, draft: Draft | None = None, unreadable: bool = False, **kwargs: Any
    ) -> None:
        self.reader, self.draft, self.unreadable = reader, draft, unreadable
        self.refused = False
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False  # a draft always saves; the browser must not stand in its way
        audience = self.fields["audience"]
        assert isinstance(audience, forms.ChoiceField)
        if reader is not None and not reader.is_county:
            audience.choices = [pair for pair in WRITABLE_AUDIENCES if pair[0] not in COUNTY_ONLY]
        if draft is not None and draft.item is not None:
            if draft.item.live:
                # The audience of a published item changes by its own button, where widening asks the reviewer (I3).
                del self.fields["audience"]
            if not is_author(item=draft.item, person=draft.author):
                # How a text is signed is its author's choice; an editor must not uncover anyone.
                del self.fields["attribution"]

    # --- What the screens show -----------------------------------------------------------------

    @classmethod
    def beginnings(cls) -> list[Choice]:
        """What can be begun with this form."""
        raise NotImplementedError

    @classmethod
    def for_draft(cls, draft: Draft, **options: Any) -> Self:
        """The form of a draft; a type with formats looks up the draft's."""
        return cls(draft=draft, **options)

    @property
    def asked(self) -> list[Prompt]:
        """The prompts that stand one a screen on a phone."""
        raise NotImplementedError

    @property
    def optional(self) -> list[Prompt]:
        """Prompts that need no answer; they stand on the last screen."""
        return []

    @property
    def facts(self) -> list[dict[str, Any]]:
        """Structured questions; only some formats of a retrospective have them."""
        return []

    @property
    def last(self) -> list[forms.BoundField]:
        return self._there(self.LAST)

    @property
    def folded(self) -> list[forms.BoundField]:
        return self._there(self.FOLDED)

    @property
    def folded_has_errors(self) -> bool:
        return any(field.errors for field in self.folded)

    def _there(self, names: tuple[str, ...]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    # --- Checks ------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        if self.unreadable:
            self.add_error(None, UNREADABLE)
        return super().clean() or self.cleaned_data

    def clean_keywords(self) -> list[str]:
        words = [w.strip() for w in self.cleaned_data["keywords"].replace("，", "、").replace(",", "、").split("、")]
        words = list(dict.fromkeys(w for w in words if w))
        if len(words) > 10:
            over = len(words) - 10
            raise ValidationError(f"「キーワード」は10個までです。今は{len(words)}個です。{over}個けずってください。")
        return words

    def clean_attribution(self) -> str:
        return self.cleaned_data.get("attribution") or Attribution.NAMED

    def clean_occurred_on(self) -> Any:
        return self.cleaned_data.get("occurred_on") or clock.today()

    # --- A draft, which need not be complete ---------------------------------------------------

    def typed(self) -> dict[str, Any]:
        """What was typed, ready for Draft.data: NFC text by field name.

        Raises ValidationError (by field) where something cannot be kept: NUL, lone surrogates, broken bytes.
        """
        found: dict[str, Any] = {}
        refused: dict[str, Any] = {"__all__": [UNREADABLE]} if self.unreadable else {}
        for name, field in self.fields.items():
            key = self.add_prefix(name)
            group = isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField)
            if key not in self.data and not group and not isinstance(field, forms.BooleanField):
                continue
            label = str(field.label or "この欄")
            try:
                if group:
                    values = self.data.getlist(key) if hasattr(self.data, "getlist") else self.data.get(key, [])
                    found[name] = [clean_text(value, label) for value in values]
                elif isinstance(field, forms.BooleanField):
                    found[name] = bool(self.data.get(key))
                else:
                    found[name] = clean_text(self.data.get(key, ""), label)
            except ValidationError as error:
                refused[name] = error.messages
        if refused:
            raise ValidationError(refused)
        return found

    def refuse(self, error: ValidationError) -> None:
        """Show `error`, why nothing was kept, and nothing else: what is merely missing is no fault of a draft."""
        self.refused = True
        self._errors = ErrorDict()
        self.cleaned_data = {}
        by_field = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
        for name, messages in by_field.items():
            self.add_error(None if name == "__all__" else name, list(messages))

    @cached_property
    def is_edit(self) -> bool:
        """Whether the draft changes an item that exists."""
        return self.draft is not None and self.draft.item_id is not None
