"""The form of a retrospective, built from its format's data file; it knows no format by name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from kb.format_files import Fact, Format
from kb.forms.common import DayField, ItemForm, choice_messages
from kb.models import Challenge, Retrospective
from kb.text import LineField, LongField
from organization import clock

ANSWERS_PER_SECTION = 3
ROWS = 6
ANSWER_LIMIT = 400


class MomentField(forms.DateTimeField):
    """A date and time typed in the browser's own control."""

    def __init__(self, *, label: str, required: bool) -> None:
        messages = {
            "invalid": f"「{label}」は 2026-04-01 09:30 のように、日付と時刻で入れてください。",
            "required": f"「{label}」が空です。日付と時刻を入れてください。",
        }
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(label=label, required=required, error_messages=messages, widget=widget)

    def clean(self, value: Any) -> Any:
        moment = super().clean(value)
        if moment and moment > clock.now():
            raise ValidationError(f"「{self.label}」が先の日時です。今より前の日時を入れてください。")
        return moment


def fact_field(fact: Fact, *, required: bool) -> forms.Field:
    """The form field of one fact of the format; raises nothing: the file was checked when read."""
    if fact.type == "datetime":
        return MomentField(label=fact.label, required=required)
    if fact.type == "number":
        messages = {
            "invalid": f"「{fact.label}」は、数字だけで入れてください。",
            "required": f"「{fact.label}」が空です。数字を入れてください。",
            "min_value": f"「{fact.label}」は、{fact.min}以上の数字で入れてください。",
            "max_value": f"「{fact.label}」が大きすぎます。けたを確かめてください。",
        }
        top = fact.max if fact.max is not None else 1_000_000_000
        return forms.IntegerField(
            label=fact.label, required=required, min_value=fact.min, max_value=top, error_messages=messages
        )
    if fact.type == "choice":
        blank = [] if required else [("", "選ばない")]
        return forms.ChoiceField(
            label=fact.label, required=required, choices=[*blank, *fact.choices], widget=forms.RadioSelect,
            error_messages=choice_messages(fact.label),
        )  # fmt: skip
    if fact.type == "choices":
        return forms.MultipleChoiceField(
            label=fact.label, required=required, choices=fact.choices, widget=forms.CheckboxSelectMultiple,
            error_messages=choice_messages(fact.label),
        )  # fmt: skip
    return LineField(label=fact.label, max_length=fact.max or 1000, required=required)


class RetrospectiveForm(ItemForm):
    subject = LineField(label="対象", max_length=60, required=True, help_text="何をふりかえりますか。例：秋の住民説明会")
    next_action = LineField(
        label="次の行動", max_length=120, required=False, help_text="だれの役割で、何を。空のときは答えから作ります。"
    )
    next_action_due = DayField(label="次の行動の期限")
    period_from = DayField(label="対象期間（始め）", past=True)
    period_to = DayField(label="対象期間（終わり）", past=True)
    participants_n = forms.IntegerField(
        label="参加人数", required=False, min_value=1, max_value=200, initial=1,
        error_messages={
            "invalid": "「参加人数」は、数字だけで入れてください。",
            "min_value": "「参加人数」は、1から200までの数字で入れてください。",
            "max_value": "「参加人数」は、1から200までの数字で入れてください。",
        },
    )  # fmt: skip
    outcome = forms.ChoiceField(
        label="結果", required=False, choices=[("", "選ばない"), *Retrospective.Outcome.choices],
        error_messages=choice_messages("結果"),
    )  # fmt: skip
    co_creation_note = LongField(label="だれと・いつから", max_length=300, required=False, rows=2)
    blameless_ok = forms.BooleanField(
        label="個人を責める書き方になっていません", required=True,
        error_messages={"required": "個人を責める書き方になっていないかを確かめて、しるしを付けてください。"},
    )  # fmt: skip

    FOLDED = ("title", "participants_n", "period_from", "period_to", "outcome", "co_creation_note", *ItemForm.FOLDED)

    def __init__(self, *args: Any, format: Format, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.format = format
        self.fields["title"].required = False
        self.fields["title"].help_text = "空のときは、対象と書式から作ります。"
        if format.subject == "challenge":
            mine = Challenge.objects.filter(stage=Challenge.Stage.ENDED)
            self.fields["challenge"] = forms.ModelChoiceField(
                mine, label="挑戦", to_field_name="public_id", error_messages=choice_messages("挑戦"),
            )  # fmt: skip
        for section in format.sections:
            for n in range(ANSWERS_PER_SECTION):
                self.fields[answer_name(section.key, n)] = LongField(
                    label=section.label if n == 0 else f"{section.label}（{n + 1}つ目）", max_length=ANSWER_LIMIT,
                    required=section.required and n == 0, help_text=section.prompt,
                )  # fmt: skip
        for fact in format.facts:
            if fact.type == "rows":
                for n in range(ROWS):
                    for column in fact.columns:
                        self.fields[f"fact-{fact.key}-{n}-{column.key}"] = fact_field(column, required=False)
            else:
                self.fields[f"fact-{fact.key}"] = fact_field(fact, required=fact.required)

    # --- What the screen shows ---------------------------------------------------------------

    @property
    def steps(self) -> list[dict[str, Any]]:
        """One prompt a screen: the section, its first field, and more fields behind a fold."""
        return [
            {
                "section": section,
                "field": self[answer_name(section.key, 0)],
                "more": [self[answer_name(section.key, n)] for n in range(1, ANSWERS_PER_SECTION)],
            }
            for section in self.format.sections
        ]

    @property
    def facts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for fact in self.format.facts:
            if fact.type == "rows":
                rows = [[self[f"fact-{fact.key}-{n}-{c.key}"] for c in fact.columns] for n in range(ROWS)]
                found.append({"fact": fact, "rows": rows})
            else:
                found.append({"fact": fact, "field": self[f"fact-{fact.key}"]})
        return found

    # --- Checks ------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = data.get("period_from"), data.get("period_to")
        if start and end and end < start:
            self.add_error("period_to", "対象期間の終わりが、始めより前になっています。どちらかの日付を直してください。")
        data["answers"] = [
            (section.key, data[name].strip("\n"))
            for section in self.format.sections
            for name in (answer_name(section.key, n) for n in range(ANSWERS_PER_SECTION))
            if data.get(name, "").strip()
        ]
        data["facts"] = self._facts(data)
        if not any(name.startswith("fact-") for name in self.errors):
            for message in self.format.broken_rules(data["facts"]):
                self.add_error(None, message)
        data["title"] = data.get("title") or f"{data.get('subject', '')}のふりかえり（{self.format.label}）"[:60]
        data["summary"] = data.get("summary") or next((text for _, text in data["answers"]), "")[:200]
        if not data.get("next_action"):
            texts = [text for key, text in data["answers"] if key == self.format.next_action_from]
            data["next_action"] = first_sentence(texts[0])[:120] if texts else ""
        return data

    def _facts(self, data: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for fact in self.format.facts:
            if fact.type != "rows":
                value = plain(data.get(f"fact-{fact.key}"))
                if value not in (None, "", []):
                    found[fact.key] = value
                continue
            rows = []
            for n in range(ROWS):
                row = {c.key: plain(data.get(f"fact-{fact.key}-{n}-{c.key}")) for c in fact.columns}
                if not any(value not in (None, "") for value in row.values()):
                    continue
                for column in fact.columns:
                    if column.required and row[column.key] in (None, ""):
                        self.add_error(
                            f"fact-{fact.key}-{n}-{column.key}", f"{n + 1}行目の「{column.label}」を入れてください。"
                        )
                rows.append(row)
            if rows:
                found[fact.key] = rows
        return found


def answer_name(section_key: str, n: int) -> str:
    """The field name of the n-th answer (from 0) under a prompt."""
    return f"answer-{section_key}" if n == 0 else f"answer-{section_key}-{n + 1}"


def plain(value: Any) -> Any:
    """A cleaned value as JSON: moments as ISO text in local time to the minute."""
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")
    return value


def first_sentence(text: str) -> str:
    """Up to the first full stop or line end, without list marks."""
    line = text.strip().splitlines()[0].lstrip("-*・ 　")
    return line.split("。")[0].strip() or line[:120]
