"""Retrospective (ふりかえり): answers to the prompts of a format, the facts that the format asks for, and next actions.

A format is a data file (kb.formats), so no format has columns of its own. Answers are part of revisions. Next actions
are plain rows (kb.models.items.next_action). Addenda (後日談) are plain rows, too: they can be added, but not changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel
from wagtail.models import Orderable

from kb.editor.forms import AdminRetrospectiveForm, AnswerForm
from kb.editor.listing import AdminListing
from kb.editor.panels import FormatPanel, FormInlinePanel, item_panels
from kb.formats.loading import Format, format_choices, get_format
from kb.markdown.rendering import render, render_many
from kb.models.items.item import Item
from kb.models.items.next_action import NextAction, UnsavedActions, actions_from, write_actions
from organization import clock


class Retrospective(Item):
    PREFIX = "R"
    TYPE_LABEL = "ふりかえり"
    INDEX = ("retrospectives", "ふりかえり")
    FORM = "kb.writing.forms.retrospective.RetrospectiveForm"
    PAGE_CONTEXT = "kb.reading.page_contexts.retrospective_context"
    FORM_FIELDS = (
        "subject",
        "participants_n",
        "outcome",
        "co_creation_note",
        "blameless_ok",
        "period_from",
        "period_to",
        "facts",
    )
    FORM_ROWS = ("answer-", "fact-")
    LABELS = {**Item.LABELS, "next_action": "次の行動", "next_action_due": "次の行動の期限", "challenge": "挑戦"}
    MARKDOWN_FIELDS = ("co_creation_note",)
    CARD_COLUMNS = ()  # The texts are in rows of their own.
    ADMIN_LISTING = AdminListing(icon="history", order=2, filters=("format",), choices={"format": format_choices})

    unsaved_actions: UnsavedActions | None = None

    class Outcome(models.TextChoices):
        ACHIEVED = "achieved", "達成"
        PARTIAL = "partial", "一部達成"
        MISSED = "missed", "未達"
        STOPPED = "stopped", "中止"

    format = models.CharField("書式", max_length=30)
    prompts = models.JSONField("書いた時の問い", default=dict, blank=True, editable=False)
    subject = models.CharField("対象", max_length=60, blank=True)
    # The name is not `challenge`, because Django gives that name to the accessor from an Item to its Challenge row.
    looks_back_on = models.ForeignKey(
        "kb.Challenge", on_delete=models.PROTECT, null=True, blank=True, related_name="lookbacks", verbose_name="挑戦"
    )
    period_from = models.DateField("対象期間（始め）", null=True, blank=True)
    period_to = models.DateField("対象期間（終わり）", null=True, blank=True)
    held_on = models.DateField("実施日", null=True, blank=True)
    participants_n = models.PositiveSmallIntegerField(
        "参加人数", default=1, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    facts = models.JSONField("書式ごとの事実", default=dict, blank=True)
    outcome = models.CharField("結果", max_length=10, choices=Outcome.choices, blank=True)
    co_creation_note = models.TextField("だれと・いつから", max_length=300, blank=True)
    blameless_ok = models.BooleanField("個人を責めていない", default=False)

    template = "kb/retrospective.html"
    base_form_class = AdminRetrospectiveForm
    content_panels = item_panels(
        MultiFieldPanel(
            [
                FormatPanel("format", read_only=True),
                FieldPanel("subject", help_text="何についてのふりかえりか。60文字まで。"),
                FieldPanel("looks_back_on", help_text="挑戦のふりかえりのときだけ選びます。"),
                FieldRowPanel([FieldPanel("period_from"), FieldPanel("period_to")]),
                FieldRowPanel([FieldPanel("held_on"), FieldPanel("participants_n")]),
                FieldPanel("outcome"),
            ],
            heading="対象",
        ),
        FormInlinePanel(
            "answers",
            heading="書込み",
            label="書込み",
            panels=[FieldPanel("section_key", heading="問い"), FieldPanel("text")],
        ),
        InlinePanel(
            "next_actions",
            heading="次の行動",
            label="次の行動",
            help_text="人の名前ではなく、担当する職を選びます。",
            panels=[FieldPanel("what"), FieldRowPanel([FieldPanel("owner_post"), FieldPanel("due_on")])],
        ),
        FieldPanel("co_creation_note", help_text="いっしょに取り組んだ相手と、始めた時期。"),
    )
    is_creatable = True

    class Meta:
        verbose_name = "ふりかえり"
        verbose_name_plural = "ふりかえり"

    def render(self) -> None:
        """Also renders every answer into the answer's `html`. This happens at each save, because answers are short."""
        super().render()
        answers = list(self.answers.all())
        html = render_many({f"a{a.uid.hex[:8]}": a.text for a in answers if a.text})
        for answer in answers:
            answer.html = html.get(f"a{answer.uid.hex[:8]}", "")

    # --- The form: filling the item from it, and filling it from the item --------------------

    @classmethod
    def blank(cls, format: str) -> Retrospective:
        return cls(format=format)

    @property
    def format_file(self) -> Format | None:
        """The format in which the retrospective was written. None if the file of the format no longer exists."""
        return get_format(self.format)

    def fill(self, values: Mapping[str, Any]) -> None:
        super().fill(values)
        format_file = self.format_file
        assert format_file is not None  # The form was built from this format.
        self.prompts = format_file.prompts()
        self.participants_n = values.get("participants_n") or 1
        self.held_on = self.occurred_on
        self.period_to = self.period_to or self.occurred_on
        self.period_from = self.period_from or self.period_to
        self.looks_back_on = values.get("challenge") or self.looks_back_on
        self._fill_answers(values["answers"])
        if values.get("next_action"):
            self._fill_next_action(values["next_action"], values.get("next_action_due"))

    def _fill_answers(self, answers: Iterable[tuple[str, str]]) -> None:
        """Replaces the answers. An answer keeps its uid, because the lessons that were drawn from it
        refer to the uid.
        """
        known: dict[str, list[uuid.UUID]] = {}
        for answer in self.answers.all():
            known.setdefault(answer.section_key, []).append(answer.uid)
        rows: list[Answer] = []
        for key, text in answers:
            uids = known.get(key, [])
            uid = uids.pop(0) if uids else uuid.uuid4()
            rows.append(Answer(section_key=key, text=text, uid=uid, sort_order=len(rows)))
        self.answers.set(rows)

    def _fill_next_action(self, what: str, due_on: Any) -> None:
        """Sets the first action. The form asks for one action only. The action keeps its uid and its post."""
        first, *rest = [*self.next_actions.all()] or [NextAction(retrospective_id=self.pk, sort_order=0)]
        first.what, first.due_on = what, due_on
        self.set_next_actions([first, *rest])

    def as_typed(self) -> dict[str, Any]:
        data = super().as_typed()
        del data["facts"]  # Each fact has a form field of its own.
        action = self.next_actions.first()
        data["next_action"] = action.what if action else ""
        data["next_action_due"] = action.due_on.isoformat() if action and action.due_on else ""
        data["challenge"] = self.looks_back_on.public_id if self.looks_back_on else ""
        counts: dict[str, int] = {}
        for answer in self.answers.all():
            number = counts.get(answer.section_key, 0)
            data[answer_name(answer.section_key, number)] = answer.text
            counts[answer.section_key] = number + 1
        for key, value in self.facts.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                for number, row in enumerate(value):
                    data.update({f"fact-{key}-{number}-{column}": cell for column, cell in row.items()})
            else:
                data[f"fact-{key}"] = value
        return data

    @classmethod
    def field_label(cls, name: str, format: str = "") -> str:
        format_file = get_format(format)
        if name.startswith("answer-"):
            key = name.removeprefix("answer-")
            numberless = key.rstrip("0123456789").rstrip("-")
            section = (format_file.section(key) or format_file.section(numberless)) if format_file else None
            return section.label if section else "答え"
        if name.startswith("fact-"):
            facts = format_file.facts if format_file else ()
            return next((fact.label for fact in facts if name.startswith(f"fact-{fact.key}")), "事実")
        return super().field_label(name, format)

    def consequences(self) -> list[tuple[Item, str]]:
        return [(self.looks_back_on, "retrospect")] if self.looks_back_on is not None else []

    # --- Texts, for search --------------------------------------------------------------------

    def filing_words(self) -> list[str]:
        format_file = self.format_file
        return [format_file.label] if format_file else []

    @classmethod
    def card_texts(cls, items: Iterable[Any]) -> dict[int, list[str]]:
        """Returns the answers of all given retrospectives with one query."""
        texts: dict[int, list[str]] = {item.pk: [] for item in items}
        answers = Answer.objects.filter(retrospective__in=texts).order_by("sort_order", "pk")
        for pk, text in answers.values_list("retrospective_id", "text"):
            texts[pk].append(text)
        return texts

    # --- Next actions: plain rows. A revision contains a copy of them ----------------------------

    def set_next_actions(self, actions: Iterable[NextAction]) -> None:
        """Sets the next actions. They are written to the database when the retrospective is saved."""
        self.unsaved_actions = UnsavedActions(actions)

    def save(self, *args: Any, **kwargs: Any) -> Any:
        result = super().save(*args, **kwargs)
        if self.unsaved_actions is not None and kwargs.get("update_fields") is None:
            write_actions(self, self.unsaved_actions.all())
            self.unsaved_actions = None
        return result

    def serializable_data(self) -> dict[str, Any]:
        actions = [action.as_content() for action in self.next_actions.all()]
        return {**super().serializable_data(), "next_actions": actions}

    def with_content_json(self, content: dict[str, Any]) -> Retrospective:
        page = super().with_content_json(content)
        assert isinstance(page, Retrospective)
        if "next_actions" in content:
            page.set_next_actions(actions_from(content["next_actions"], page))
        return page

    def body_texts(self) -> list[str]:
        texts = [self.subject, *(a.text for a in self.answers.all()), *(n.what for n in self.next_actions.all())]
        texts += [str(value) for value in self.facts.values() if isinstance(value, str)]
        texts += [a.text for a in self.addenda.all()]
        return [text for text in [*texts, *super().body_texts()] if text]


def answer_name(section_key: str, number: int) -> str:
    """Returns the name of the form field for one answer to a prompt. `number` counts the answers from 0."""
    return f"answer-{section_key}" if number == 0 else f"answer-{section_key}-{number + 1}"


class Answer(Orderable):
    """One answer to a prompt. Other rows refer to the answer by `uid`, because its pk changes at each publication."""

    retrospective = ParentalKey(Retrospective, on_delete=models.CASCADE, related_name="answers")
    uid = models.UUIDField(default=uuid.uuid4, editable=False, db_index=True)
    section_key = models.SlugField("欄", max_length=30)
    text = models.TextField("本文", max_length=400)
    html = models.TextField(blank=True, editable=False)

    base_form_class = AnswerForm

    class Meta(Orderable.Meta):
        verbose_name = "書込み"
        verbose_name_plural = "書込み"

    def __str__(self) -> str:
        return f"{self.section_key}: {self.text[:20]}"


class Addendum(models.Model):
    """後日談: a text about what happened later. It can be added, but not changed, and it is no part of revisions."""

    retrospective = models.ForeignKey(Retrospective, on_delete=models.CASCADE, related_name="addenda")
    written_at = models.DateTimeField("書いた日時", default=clock.now)
    text = models.TextField("後日談", max_length=600)
    html = models.TextField(editable=False)

    class Meta:
        ordering = ("written_at", "pk")
        verbose_name = "後日談"
        verbose_name_plural = "後日談"

    def __str__(self) -> str:
        return self.text[:20]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is None:
            self.html = render(self.text, prefix="addendum")
        super().save(*args, **kwargs)
