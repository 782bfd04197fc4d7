"""Challenge (挑戦): a trial with a hypothesis, with failures that were imagined beforehand, and with a rule for stopping.

The outcome 「学びあり（不成功）」 has the same rank as success. A challenge closes only when its look-back is published (S12,
I18). kb.lifecycle.challenges contains the moves from one stage to the next.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel

from kb.editor.forms import AdminChallengeForm
from kb.editor.listing import AdminListing
from kb.editor.panels import RowFieldPanel, fields, item_panels
from kb.models.items.item import Item
from kb.models.items.states import State


class Challenge(Item):
    PREFIX = "C"
    BADGE_COLUMNS = ("stage", "outcome")
    TYPE_LABEL = "挑戦"
    INDEX = ("challenges", "挑戦")
    FORM = "kb.writing.forms.challenge.ChallengeForm"
    PAGE_CONTEXT = "kb.reading.page_contexts.challenge_context"
    PAGE_RELATED = ("sponsor_post__unit",)
    FORM_FIELDS = (
        "hypothesis",
        "precedent_gap",
        "citizen_effect",
        "premortem",
        "smallest_trial",
        "success_measure",
        "stop_rule",
        "budget_yen",
        "sponsor_post",
    )
    MARKDOWN_FIELDS = (
        "hypothesis",
        "precedent_gap",
        "citizen_effect",
        "smallest_trial",
        "success_measure",
        "stop_rule",
    )
    CARD_COLUMNS = ("premortem", *MARKDOWN_FIELDS)
    ADMIN_LISTING = AdminListing(icon="crosshairs", order=3, filters=("stage", "outcome"))
    ROW_FIELDS = (*Item.ROW_FIELDS, "stage", "outcome", "ended_on")

    class Stage(models.TextChoices):
        IDEA = "idea", "案"
        SUPPORTED = "supported", "後押しあり"
        RUNNING = "running", "挑戦中"
        ENDED = "ended", "終了（ふりかえり待ち）"
        RETROSPECTED = "retrospected", "ふりかえり済み"
        CLOSED = "closed", "完了"

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", "成功"
        LEARNED = "learned", "学びあり（不成功）"
        STOPPED = "stopped", "中止"

    hypothesis = models.TextField("仮説", max_length=300, blank=True)
    precedent_gap = models.TextField("前例との違い", max_length=300, blank=True)
    citizen_effect = models.TextField("県民にとって", max_length=200, blank=True)
    premortem = models.JSONField("失敗の想定", default=list, blank=True)
    smallest_trial = models.TextField("小さな試行", max_length=300, blank=True)
    success_measure = models.TextField("成功の目安", max_length=200, blank=True)
    stop_rule = models.TextField("撤退基準", max_length=200, blank=True)
    sponsor_post = models.ForeignKey(
        "organization.Post", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="後押し役"
    )
    budget_yen = models.PositiveIntegerField("費用（円）", null=True, blank=True)
    stage = models.CharField("段階", max_length=14, choices=Stage.choices, default=Stage.IDEA, editable=False)
    outcome = models.CharField("結果", max_length=10, choices=Outcome.choices, blank=True, editable=False)
    ended_on = models.DateField("終了日", null=True, editable=False)

    template = "kb/challenge.html"
    content_panels = item_panels(
        MultiFieldPanel(
            [
                FieldPanel("hypothesis", help_text="何をすると、何が良くなると考えるか。"),
                FieldPanel("precedent_gap"),
                FieldPanel("citizen_effect"),
                FieldPanel("premortem", heading="失敗の想定"),
            ],
            heading="挑戦",
        ),
        fields("試し方", "smallest_trial", "success_measure", "stop_rule", "sponsor_post", "budget_yen"),
        MultiFieldPanel(
            [FieldRowPanel([RowFieldPanel("stage", read_only=True), RowFieldPanel("outcome", read_only=True)])],
            heading="進み方",
        ),
    )
    base_form_class = AdminChallengeForm
    is_creatable = True

    class Meta:
        verbose_name = "挑戦"
        verbose_name_plural = "挑戦"

    @property
    def badges(self) -> list[tuple[str, str]]:
        badges = [(str(self.stage), str(self.Stage(self.stage).label))]
        if self.outcome:
            # The code is not "learned", because that is the maturity of a proved lesson.
            code = "learned_from" if self.outcome == self.Outcome.LEARNED else str(self.outcome)
            badges = [(code, str(self.Outcome(self.outcome).label))]
        return [*super().badges, *(badges if self.state == State.PUBLISHED else [])]

    def body_texts(self) -> list[str]:
        return [*super().body_texts(), *self.premortem]

    def typed_value(self, name: str) -> Any:
        if name == "premortem":
            return "\n".join(self.premortem)
        if name == "sponsor_post":
            return str(self.sponsor_post.uid) if self.sponsor_post else ""
        return super().typed_value(name)
