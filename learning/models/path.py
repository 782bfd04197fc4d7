"""LearningPath (学習パス), an item that teaches what the organisation learned, and its versions.

The page has the text, audience and owner. The goal and the steps are in PathVersion rows, outside Wagtail's revisions
(0026). A version can be edited until its first assignment, which sets `frozen_at` (I10).
"""

from __future__ import annotations

from datetime import date, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse

from kb.models import Item
from kb.models.items.item_queries import ItemManager
from organization import clock

MAX_DAYS = 1825


class Stage(models.TextChoices):
    """State machine of LearningPath: draft → review → active → retired."""

    DRAFT = "draft", "作成中"
    REVIEW = "review", "確認待ち"
    ACTIVE = "active", "公開中"
    RETIRED = "retired", "終了"


class LearningPath(Item):
    PREFIX = "LP"
    BADGE_COLUMNS = ("stage",)
    TYPE_LABEL = "学習パス"
    INDEX = ("paths", "学習パス")
    MARKDOWN_FIELDS = ("about",)
    ROW_FIELDS = (*Item.ROW_FIELDS, "stage", "copied_from_id")
    HAS_OWN_REVIEW = True
    EDIT_PERMISSION = "learning.access.path_permissions.may_build"
    PAGE_CONTEXT = "learning.learner.views.path.page_context"
    SEARCH_SOURCE = "path"

    about = models.TextField("説明", max_length=2000, blank=True)
    stage = models.CharField("段階", max_length=8, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    copied_from = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="copies",
        editable=False,
        verbose_name="もとの学習パス",
    )

    objects = ItemManager()

    template = "learning/path.html"
    is_creatable = False

    class Meta:
        verbose_name = "学習パス"
        verbose_name_plural = "学習パス"

    @property
    def may_change_in_office(self) -> bool:
        """False: a path is edited together with its steps on the site, not in the admin."""
        return False

    def edit_url(self) -> str:
        return reverse("path_build", args=[self.public_id])

    def audience_url(self) -> str:
        return reverse("path_audience", args=[self.public_id]) if self.stage == Stage.ACTIVE else ""

    def withdraw_url(self) -> str:
        """Empty unless the path is retired: a path in use has to be retired first, in the path editor."""
        return reverse("path_withdraw", args=[self.public_id]) if self.stage == Stage.RETIRED else ""

    @property
    def badges(self) -> list[tuple[str, str]]:
        if not self.live and self.stage in (Stage.DRAFT, Stage.REVIEW):
            return [("draft" if self.stage == Stage.DRAFT else "submitted", str(Stage(self.stage).label))]
        badges = super().badges
        if self.stage == Stage.RETIRED:
            badges.insert(0, ("retired", "終了"))
        return badges

    def current_version(self) -> PathVersion | None:
        """The version that is assigned and shown: the newest released one."""
        return self.versions.filter(released_at__isnull=False).order_by("-number").first()

    def working_version(self) -> PathVersion | None:
        """The version that can be edited: the newest one, if it is not frozen."""
        newest = self.versions.order_by("-number").first()
        return newest if newest is not None and newest.frozen_at is None else None

    def body_texts(self) -> list[str]:
        """The texts for search: also the goal and the steps of the current version.

        Reading steps are left out, because not everybody may know the titles of their items (I16).
        """
        version = self.current_version()
        if version is None:
            return super().body_texts()
        words = [word for step in version.steps.filter(item=None) for word in (step.title, step.why)]
        return [text for text in [version.goal, *super().body_texts(), *words] if text]


class PathVersion(models.Model):
    class DueKind(models.TextChoices):
        ASSIGNED = "assigned", "割当てから○日"
        APPOINTED = "appointed", "発令から○日"
        FIXED = "fixed", "決まった日"

    path = models.ForeignKey(LearningPath, on_delete=models.CASCADE, related_name="versions", verbose_name="学習パス")
    number = models.PositiveSmallIntegerField("版")
    goal = models.TextField("ねらい", max_length=400, blank=True)
    due_kind = models.CharField("期限の決め方", max_length=10, choices=DueKind.choices, default=DueKind.ASSIGNED)
    due_days = models.PositiveSmallIntegerField(
        "日数", default=90, validators=[MinValueValidator(1), MaxValueValidator(MAX_DAYS)]
    )
    due_on = models.DateField("決まった日", null=True, blank=True)
    valid_months = models.PositiveSmallIntegerField(
        "有効な月数",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text="受け直しが要る学習だけ。空なら、ずっと有効です。",
    )
    renew_window_days = models.PositiveSmallIntegerField(
        "更新を始められる日数",
        default=60,
        validators=[MaxValueValidator(365)],
        help_text="期限切れの何日前から更新できるか。",
    )
    released_at = models.DateTimeField("公開した日時", null=True, editable=False)
    frozen_at = models.DateTimeField("はじめて割り当てた日時", null=True, editable=False)
    made_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = "学習パスの版"
        verbose_name_plural = "学習パスの版"
        ordering = ("path_id", "-number")
        constraints = [
            models.UniqueConstraint(fields=("path", "number"), name="path_version_once"),
            models.CheckConstraint(
                condition=~models.Q(due_kind="fixed") | models.Q(due_on__isnull=False),
                name="path_fixed_due_has_a_day",
                violation_error_message="「決まった日」の日付を入れてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.path.title} 第{self.number}版"

    def due(self, *, start_on: date, appointed_on: date | None) -> date:
        """期限 of an assignment that starts on `start_on`. Without an appointment, the days count from the start."""
        if self.due_kind == self.DueKind.FIXED and self.due_on:
            return self.due_on
        since = appointed_on if self.due_kind == self.DueKind.APPOINTED and appointed_on else start_on
        return since + timedelta(days=self.due_days)

    def due_words(self) -> str:
        if self.due_kind == self.DueKind.FIXED and self.due_on:
            from organization.japanese_dates import era_date

            return f"{era_date(self.due_on)}まで"
        since = "発令" if self.due_kind == self.DueKind.APPOINTED else "割当て"
        return f"{since}から{self.due_days}日"
