"""Retrospective (ふりかえり): answers under the prompts of a format, the facts it asks, and what comes next.

A format is a data file (kb.formats): there is no column for any one of them. Answers and next
actions live in revisions; the aftermath (後日談) is a plain row that is only ever added to.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.models import Orderable

from kb.admin import panels
from kb.admin.forms import AnswerForm
from kb.markdown.rendering import render, render_many
from kb.models.item import Item
from organization import clock


class Retrospective(Item):
    PREFIX = "R"
    TYPE_LABEL = "ふりかえり"
    INDEX = ("retrospectives", "ふりかえり")
    IS_DRAFTED = True

    class Outcome(models.TextChoices):
        ACHIEVED = "achieved", "達成"
        PARTIAL = "partial", "一部達成"
        MISSED = "missed", "未達"
        STOPPED = "stopped", "中止"

    format = models.CharField("書式", max_length=30)
    prompts = models.JSONField("書いた時の問い", default=dict, blank=True, editable=False)
    subject = models.CharField("対象", max_length=60, blank=True)
    # Not `challenge`: that is the accessor by which Django leads from an Item to its Challenge row.
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

    MARKDOWN_FIELDS = ("co_creation_note",)

    template = "kb/retrospective.html"
    content_panels = panels.RETROSPECTIVE
    parent_page_types = ["kb.YearPage"]
    subpage_types: list[str] = []
    is_creatable = True

    class Meta:
        verbose_name = "ふりかえり"
        verbose_name_plural = "ふりかえり"

    def render(self) -> None:
        """Also the HTML of every answer, kept on the answer; made at each save, because answers are short."""
        super().render()
        answers = list(self.answers.all())
        html = render_many({f"a{a.uid.hex[:8]}": a.text for a in answers if a.text})
        for answer in answers:
            answer.html = html.get(f"a{answer.uid.hex[:8]}", "")

    def body_texts(self) -> list[str]:
        texts = [self.subject, *(a.text for a in self.answers.all()), *(n.what for n in self.next_actions.all())]
        texts += [str(value) for value in self.facts.values() if isinstance(value, str)]
        texts += [a.text for a in self.addenda.all()]
        return [text for text in [*texts, *super().body_texts()] if text]


class Answer(Orderable):
    """What was written under one prompt. Links from outside go by `uid`: pks change at publish."""

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


class NextAction(Orderable):
    """次の行動: what, by which post, until when. A post, never a person (0007)."""

    retrospective = ParentalKey(Retrospective, on_delete=models.CASCADE, related_name="next_actions")
    what = models.CharField("何を", max_length=120)
    owner_post = models.ForeignKey(
        "organization.Post", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="担当職"
    )
    due_on = models.DateField("期限", null=True, blank=True)

    class Meta(Orderable.Meta):
        verbose_name = "次の行動"
        verbose_name_plural = "次の行動"

    def __str__(self) -> str:
        return self.what


class Addendum(models.Model):
    """後日談: append-only, outside revisions."""

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
