"""Lesson (教訓): what was seen, why, and when to use it; and where it was drawn from."""

from __future__ import annotations

from django.db import models

from kb.admin import panels
from kb.admin.forms import OfficeLessonForm
from kb.models.item import Item, State


class Maturity(models.TextChoices):
    """How far a lesson has been proved (an axis of its own beside visibility, 0009)."""

    OBSERVED = "observed", "未検証"
    IDENTIFIED = "identified", "教訓候補"
    NOTED = "noted", "共有のみ"
    LEARNED = "learned", "教訓化済み"


class Lesson(Item):
    PREFIX = "L"
    BADGE_COLUMNS = ("maturity",)
    TYPE_LABEL = "教訓"
    INDEX = ("lessons", "教訓")
    IS_DRAFTED = True
    MARKDOWN_FIELDS = (
        "observation", "context", "discussion", "conclusion", "recommendation", "citizen_effect", "early_warning",
        "applies_when", "not_applicable",
    )  # fmt: skip
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
    content_panels = panels.LESSON
    base_form_class = OfficeLessonForm
    parent_page_types = ["kb.YearPage"]
    subpage_types: list[str] = []
    is_creatable = True

    class Meta:
        verbose_name = "教訓"
        verbose_name_plural = "教訓"

    @property
    def badges(self) -> list[tuple[str, str]]:
        own = [(str(self.maturity), str(Maturity(self.maturity).label))]
        return [*super().badges, *(own if self.state in (State.PUBLISHED, State.SUPERSEDED) else [])]

    @property
    def cause_labels(self) -> list[str]:
        labels = dict(self.Cause.choices)
        return [str(labels[code]) for code in self.causes if code in labels]

    def successor(self) -> Lesson | None:
        """The published lesson that replaces this one, if any."""
        return self.successors.filter(live=True, state=State.PUBLISHED).order_by("-pk").first()


class LessonSource(models.Model):
    """Where a lesson was drawn from (I2): an answer of a retrospective, by its uid, or words from elsewhere.

    A plain row outside revisions. The answer is named by uid because its pk changes at publish.
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
