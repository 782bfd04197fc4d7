"""Lesson (教訓): what was observed, why it happened, when the lesson applies, and from what it was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models
from wagtail.admin.panels import FieldPanel, MultiFieldPanel

from kb.editor.forms import AdminLessonForm
from kb.editor.listing import AdminListing
from kb.editor.panels import RowFieldPanel, fields, item_panels
from kb.models.items.item import Item
from kb.models.items.retrospective import Retrospective
from kb.models.items.states import State

#: The source that is stored if the author names none, because every lesson has a source (I2).
DAILY_WORK = "日々の仕事での気づき"


class Maturity(models.TextChoices):
    """How far a lesson has been proved. The maturity does not depend on the state (kb.models.items.states)."""

    OBSERVED = "observed", "未検証"
    IDENTIFIED = "identified", "教訓候補"
    NOTED = "noted", "共有のみ"
    LEARNED = "learned", "教訓化済み"


class Lesson(Item):
    PREFIX = "L"
    BADGE_COLUMNS = ("maturity",)
    TYPE_LABEL = "教訓"
    INDEX = ("lessons", "教訓")
    FORM = "kb.writing.forms.lesson.LessonForm"
    PAGE_CONTEXT = "kb.reading.page_contexts.lesson_context"
    FORM_FIELDS = (
        "kind",
        "observation",
        "applies_when",
        "citizen_effect",
        "recommendation",
        "context",
        "discussion",
        "conclusion",
        "early_warning",
        "not_applicable",
        "causes",
    )
    LABELS = {**Item.LABELS, "external": "出どころ"}
    MARKDOWN_FIELDS = (
        "observation",
        "context",
        "discussion",
        "conclusion",
        "recommendation",
        "citizen_effect",
        "early_warning",
        "applies_when",
        "not_applicable",
    )
    ADMIN_LISTING = AdminListing(icon="pick", order=1, filters=("kind", "maturity"))
    ROW_FIELDS = (*Item.ROW_FIELDS, "maturity")

    class Kind(models.TextChoices):
        IMPROVE = "improve", "改善"
        GOOD_PRACTICE = "good_practice", "好事例"
        CAUTION = "caution", "注意"

    class Cause(models.TextChoices):
        PERSON = "person", "人の認知"
        PROCEDURE = "procedure", "手順・しくみ"
        TOOL = "tool", "道具・システム"
        ENVIRONMENT = "environment", "環境・体制"
        RULE = "rule", "制度・法令・しきたり"
        OUTSIDE = "outside", "外部"

    class Priority(models.TextChoices):
        HIGH = "high", "高"
        MIDDLE = "middle", "中"
        LOW = "low", "低"

    kind = models.CharField("種別", max_length=20, choices=Kind.choices, default=Kind.IMPROVE)
    maturity = models.CharField(
        "教訓の状態", max_length=12, choices=Maturity.choices, default=Maturity.OBSERVED, editable=False
    )
    observation = models.TextField(
        "事実", max_length=800, blank=True, help_text="見たこと・起きたこと。良し悪しは書きません。"
    )
    context = models.TextField("条件・背景", max_length=600, blank=True)
    discussion = models.TextField("考察", max_length=800, blank=True)
    causes = models.JSONField("原因区分", default=list, blank=True)
    conclusion = models.TextField("結論", max_length=400, blank=True)
    recommendation = models.TextField("提言", max_length=400, blank=True)
    citizen_effect = models.TextField(
        "県民にとって", max_length=200, blank=True, help_text="県民にとって何が変わるか。"
    )
    early_warning = models.TextField("予兆", max_length=200, blank=True)
    applies_when = models.TextField("使える場面", max_length=200, blank=True)
    not_applicable = models.TextField("当てはまらない場面", max_length=200, blank=True)
    priority = models.CharField("優先度", max_length=6, choices=Priority.choices, blank=True)
    supersedes = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="successors", verbose_name="置換え元"
    )

    template = "kb/lesson.html"
    content_panels = item_panels(
        fields("教訓", "kind", "observation", "applies_when", "not_applicable", "citizen_effect"),
        MultiFieldPanel(
            [
                FieldPanel("context"),
                FieldPanel("discussion"),
                FieldPanel("causes", heading="原因区分"),
                FieldPanel("conclusion"),
                FieldPanel("recommendation", help_text="だれが読んでも、次に何をするかが分かるように。"),
                FieldPanel("early_warning"),
                FieldPanel("priority"),
            ],
            heading="なぜ・どうする",
        ),
        MultiFieldPanel(
            [
                FieldPanel(
                    "supersedes", help_text="この教訓に置き換わる、古い教訓。公開すると古いほうに印が付きます。"
                ),
                RowFieldPanel("maturity", read_only=True),
            ],
            heading="ほかの教訓との関わり",
        ),
    )
    base_form_class = AdminLessonForm
    is_creatable = True

    class Meta:
        verbose_name = "教訓"
        verbose_name_plural = "教訓"

    @property
    def badges(self) -> list[tuple[str, str]]:
        maturity = [(str(self.maturity), str(Maturity(self.maturity).label))]
        return [*super().badges, *(maturity if self.state in (State.PUBLISHED, State.SUPERSEDED) else [])]

    @property
    def cause_labels(self) -> list[str]:
        labels = dict(self.Cause.choices)
        return [str(labels[code]) for code in self.causes if code in labels]

    def as_typed(self) -> dict[str, Any]:
        source = self.sources.first()
        return {**super().as_typed(), "external": source.external if source else ""}

    def record_origin(self, values: Mapping[str, Any], draft_data: Mapping[str, Any]) -> None:
        """Stores the source of the lesson (I2). It is the answer of a retrospective, by uid, or a text
        of the author.
        """
        origin = Retrospective.objects.filter(public_id=draft_data.get("source_retrospective")).first()
        if origin is not None:
            answer_uid = draft_data.get("source_answer") or None
            LessonSource.objects.create(lesson=self, retrospective=origin, answer_uid=answer_uid)
        else:
            LessonSource.objects.create(lesson=self, external=values.get("external") or DAILY_WORK)

    def consequences(self) -> list[tuple[Item, str]]:
        return [(self.supersedes, "supersede")] if self.supersedes is not None else []

    def search_facts(self) -> dict[str, Any]:
        successor = self.successor() if self.state == State.SUPERSEDED else None
        return {"maturity": self.maturity, "superseded_by": (successor.public_id or "") if successor else ""}

    def successor(self) -> Lesson | None:
        return self.successors.filter(live=True, state=State.PUBLISHED).order_by("-pk").first()


class LessonSource(models.Model):
    """The source of a lesson (I2): an answer of a retrospective, or a text that names the source.

    This is a plain row and no part of a revision. It stores the uid of the answer, because the pk of an answer changes
    at each publication.
    """

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="sources")
    retrospective = models.ForeignKey(
        "kb.Retrospective", on_delete=models.PROTECT, null=True, blank=True, related_name="drawn_lessons"
    )
    answer_uid = models.UUIDField(null=True, blank=True)
    external = models.CharField("出どころ", max_length=200, blank=True)

    class Meta:
        verbose_name = "出どころ"
        verbose_name_plural = "出どころ"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(retrospective__isnull=False) | ~models.Q(external=""), name="lesson_source_named"
            )
        ]

    def __str__(self) -> str:
        return self.external or f"retrospective {self.retrospective_id}"
