"""The form of a retrospective. It is built from the data file of a format, so the code names no format."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from kb.formats.loading import Fact, Format, formats, get_format
from kb.models import Challenge, Draft, Retrospective
from kb.models.items.retrospective import answer_name
from kb.models.items.states import State
from kb.text_cleaning import LineField, LongField, is_blank
from kb.writing.choices import Choice
from kb.writing.forms.common import ItemForm
from kb.writing.forms.fields import DayField, WholeField, choice_messages, fact_field
from kb.writing.forms.screens import Prompt
from kb.writing.titles import default_title, first_sentence
from organization.counting import things

#: Answer fields for one prompt: the usual number, and the maximum for a draft that contains more than the usual number.
ANSWERS, MOST_ANSWERS = 3, 30
#: Rows of a table: the usual number, the maximum, and the number of rows that are visible at first.
ROWS, MOST_ROWS, ROWS_SHOWN = 6, 60, 2
ANSWER_LIMIT = 400


class RetrospectiveForm(ItemForm):
    subject = LineField(label="対象", max_length=60, required=True, help_text="どの仕事をふりかえりますか。")
    next_action = LineField(
        label="次の行動", max_length=120, required=False, help_text="だれの役割で、何を。空のときは、答えから作ります。"
    )
    next_action_due = DayField(label="次の行動の期限")
    period_from = DayField(label="対象期間（始め）", past=True)
    period_to = DayField(label="対象期間（終わり）", past=True)
    participants_n = WholeField(label="参加人数", lowest=1, highest=200, initial=1)
    outcome = forms.ChoiceField(
        label="結果",
        required=False,
        choices=[("", "選ばない"), *Retrospective.Outcome.choices],
        error_messages=choice_messages("結果"),
    )
    co_creation_note = LongField(
        label="だれと・いつから",
        max_length=300,
        required=False,
        rows=2,
        help_text="いっしょに進めた人と、声をかけた時期。",
    )
    blameless_ok = forms.BooleanField(
        label="個人を責める書き方になっていません",
        required=True,
        error_messages={"required": "個人を責める書き方になっていないかを確かめて、しるしを付けてください。"},
    )

    LAST = ("next_action", "next_action_due")
    FOLDED = ("title", "participants_n", "period_from", "period_to", "outcome", "co_creation_note", *ItemForm.FOLDED)

    def __init__(self, *args: Any, format: Format, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.format = format
        self.fields["title"].required = False
        self.fields["title"].help_text = "空のときは、対象と書式から作ります。"
        if format.subject == "challenge":
            self._ask_for_challenge()
        for section in format.sections:
            for n in range(self._count(f"answer-{section.key}-", ANSWERS, MOST_ANSWERS)):
                self.fields[answer_name(section.key, n)] = LongField(
                    label=section.label if n == 0 else f"{section.label}（{things(n + 1)}目）",
                    max_length=ANSWER_LIMIT,
                    required=section.required and n == 0,
                    help_text=section.prompt if n == 0 else "",
                )
        self.row_counts = {
            fact.key: self._count(f"fact-{fact.key}-", ROWS, MOST_ROWS, from_zero=True) for fact in format.facts
        }
        for fact in format.facts:
            if fact.type == "rows":
                for n in range(self.row_counts[fact.key]):
                    for column in fact.columns:
                        self.fields[f"fact-{fact.key}-{n}-{column.key}"] = fact_field(column, required=False)
            else:
                self.fields[f"fact-{fact.key}"] = fact_field(fact, required=fact.required)
        # This is the order of the screens and of the error summary.
        subjects = [name for name in ("challenge", "subject") if name in self.fields]
        from_format = [name for name in self.fields if name.startswith(("answer-", "fact-"))]
        self.order_fields([*subjects, *from_format, *self.LAST, *self.FOLDED, "audience", "blameless_ok"])

    @classmethod
    def choices(cls) -> list[Choice]:
        """Returns one choice for each format."""
        return [
            Choice(
                key=format.key,
                label=format.label,
                description=format.description,
                when_to_use=format.when_to_use,
                minutes=format.minutes,
                type=Retrospective.type_code(),
                order=format.order,
                format=format.key,
                situations=format.situations,
                questions=tuple(section.label for section in format.sections if section.required),
            )
            for format in formats().values()
        ]

    @classmethod
    def for_draft(cls, draft: Draft, **options: Any) -> Self:
        format = get_format(draft.format)
        if format is None:
            raise LookupError(f"format {draft.format}")
        return cls(format=format, draft=draft, **options)

    def _ask_for_challenge(self) -> None:
        """Adds the field for the challenge. It offers the ended challenges of the writer. In an edit it also offers the
        present challenge.
        """
        offered = Q(stage=Challenge.Stage.ENDED, state=State.PUBLISHED, authorships__person_id=self._author_id)
        if self.draft is not None and self.draft.item_id:
            offered |= Q(lookbacks=self.draft.item_id)
        self.fields["challenge"] = forms.ModelChoiceField(
            Challenge.objects.filter(offered).distinct(),
            label="挑戦",
            to_field_name="public_id",
            empty_label="選んでください",
            error_messages=choice_messages("挑戦"),
            help_text="どの挑戦をふりかえりますか。終えたものから選べます。",
        )
        self.fields["subject"].required = False
        self.fields["subject"].help_text = "空のときは、挑戦の件名になります。"

    @property
    def _author_id(self) -> int | None:
        return self.draft.author_id if self.draft is not None else None

    def _count(self, prefix: str, usual: int, most: int, *, from_zero: bool = False) -> int:
        """Returns how many fields with `prefix` the form shows.

        This is the usual number, or the number in the draft if that is larger, but never more than `most`.

        The numbers in the field names of answers begin with 1. Those of table rows begin with 0 (`from_zero`).
        """
        draft: Draft | None = self.draft
        names = draft.data if draft is not None and isinstance(draft.data, dict) else {}
        numbers = [name.removeprefix(prefix).split("-")[0] for name in names if name.startswith(prefix)]
        counts = [int(number) + from_zero for number in numbers if number.isdecimal()]
        return min(max([usual, *counts]), most)

    # --- What the screens show -----------------------------------------------------------------

    @property
    def prompts(self) -> list[Prompt]:
        subject = Prompt(self["challenge"]) if "challenge" in self.fields else self._subject
        return [subject, *(self._prompt(section.key) for section in self.format.sections if section.required)]

    @property
    def optional(self) -> list[Prompt]:
        prompts = [self._prompt(section.key) for section in self.format.sections if not section.required]
        return [self._subject, *prompts] if "challenge" in self.fields else prompts

    @property
    def _subject(self) -> Prompt:
        return Prompt(self["subject"], example="例：秋の住民説明会")

    def _prompt(self, key: str) -> Prompt:
        section = self.format.section(key)
        assert section is not None
        names = [name for name in self.fields if name.startswith(f"answer-{key}-")]
        more = tuple(self[name] for name in names if name.removeprefix(f"answer-{key}-").isdecimal())
        first = self[answer_name(key, 0)]
        return Prompt(first, title=section.label, ask=section.prompt, example=section.example, more=more)

    @property
    def facts(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        for fact in self.format.facts:
            if fact.type == "rows":
                rows = self._rows(fact)
                used = [n + 1 for n, row in enumerate(rows) if any(cell.value() or cell.errors for cell in row)]
                shown = max([ROWS_SHOWN, *used])
                entries.append({"fact": fact, "rows": rows[:shown], "more": rows[shown:], "shown": shown})
            else:
                entries.append({"fact": fact, "field": self[f"fact-{fact.key}"]})
        return entries

    def _rows(self, fact: Fact) -> list[list[forms.BoundField]]:
        numbers = range(self.row_counts[fact.key])
        return [[self[f"fact-{fact.key}-{n}-{column.key}"] for column in fact.columns] for n in numbers]

    # --- Checks ------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        self._check_period(data)
        data["answers"] = [
            (section.key, data[name].strip("\n"))
            for section in self.format.sections
            for name in (p.name for p in self._prompt(section.key).fields)
            if not is_blank(data.get(name, ""))
        ]
        data["facts"] = self._fact_values(data)
        if not any(name.startswith("fact-") for name in self.errors):
            for message in self.format.broken_rules(data["facts"]):
                self.add_error(None, ValidationError(message, code="format_rule"))
        if is_blank(data.get("subject", "")) and data.get("challenge"):
            data["subject"] = data["challenge"].title[:60]
        if is_blank(data.get("title", "")):
            data["title"] = default_title(data.get("subject", ""), self.format.label)
        data["summary"] = data.get("summary") or next((text for _, text in data["answers"]), "")[:200]
        if is_blank(data.get("next_action", "")):
            texts = [text for key, text in data["answers"] if key == self.format.next_action_from]
            data["next_action"] = first_sentence(texts[0])[:120] if texts else ""
        return data

    def _check_period(self, data: dict[str, Any]) -> None:
        start, end, occurred_on = data.get("period_from"), data.get("period_to"), data.get("occurred_on")
        if start and end and end < start:
            message = "対象期間の終わりが、始めより前です。どちらかの日付を直してください。"
            self.add_error("period_to", ValidationError(message, code="date_order"))
        elif occurred_on and (end or start) and occurred_on < (end or start):
            limit = "終わり" if end else "始め"
            message = f"実施日が、対象期間の{limit}より前です。どちらかの日付を直してください。"
            self.add_error("occurred_on", ValidationError(message, code="date_order"))

    def _fact_values(self, data: dict[str, Any]) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for fact in self.format.facts:
            if fact.type != "rows":
                value = as_json(data.get(f"fact-{fact.key}"))
                if value not in (None, "", []):
                    facts[fact.key] = value
                continue
            rows = []
            for n in range(self.row_counts[fact.key]):
                row = {c.key: as_json(data.get(f"fact-{fact.key}-{n}-{c.key}")) for c in fact.columns}
                if not any(value not in (None, "") for value in row.values()):
                    continue
                for column in fact.columns:
                    name = f"fact-{fact.key}-{n}-{column.key}"
                    if column.required and row[column.key] in (None, "") and name not in self.errors:
                        message = f"{n + 1}行目の「{column.label}」を入れてください。"
                        self.add_error(name, ValidationError(message, code="required"))
                rows.append(row)
            if rows:
                facts[fact.key] = rows
        return facts


def as_json(value: object) -> object:
    """Returns a cleaned value as JSON. A moment becomes ISO text in local time, without seconds."""
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")
    return value
