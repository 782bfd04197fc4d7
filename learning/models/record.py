"""TrainingRecord (受講記録): who took what, when, and the report that came of it.

The report is a kb.Retrospective of a training format, linked from here: kb knows nothing of records
(decided.md, Links between rooms). A record says nothing of what its person read or searched.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from learning.models.course import Obligation
from organization.fiscal import fiscal_year


class TrainingRecordQuerySet(models.QuerySet["TrainingRecord"]):
    def of(self, person: Any) -> TrainingRecordQuerySet:
        """The person's own records, newest first, with course and report."""
        return self.filter(person=person).select_related("course", "report").order_by("-starts_on", "-pk")

    def without_report(self) -> TrainingRecordQuerySet:
        """Records whose course was attended and whose report is still to be written."""
        done = (TrainingRecord.Status.ATTENDED, TrainingRecord.Status.COMPLETED, TrainingRecord.Status.PASSED)
        return self.filter(report__isnull=True, status__in=done)


class TrainingRecord(models.Model):
    class Status(models.TextChoices):
        PLANNED = "planned", "予定"
        APPLIED = "applied", "申込み"
        APPROVED = "approved", "承認"
        ATTENDED = "attended", "受講"
        COMPLETED = "completed", "修了"
        PASSED = "passed", "合格"
        FAILED = "failed", "不合格"
        ABSENT = "absent", "欠席"
        CANCELLED = "cancelled", "取消"
        WAIVED = "waived", "免除"

    person = models.ForeignKey(
        "organization.Person", on_delete=models.PROTECT, related_name="training_records", verbose_name="職員"
    )
    course = models.ForeignKey(
        "learning.TrainingCourse", on_delete=models.PROTECT, null=True, blank=True, related_name="records",
        verbose_name="研修",
    )  # fmt: skip
    free_title = models.CharField("研修の名前", max_length=100, blank=True, help_text="目録にない研修のとき。")
    organiser = models.CharField("主催", max_length=100, blank=True)
    starts_on = models.DateField("始まり")
    ends_on = models.DateField("終わり")
    fiscal_year = models.PositiveSmallIntegerField("年度", editable=False)
    hours = models.DecimalField("時間", max_digits=6, decimal_places=1, null=True, blank=True)
    obligation = models.CharField("受講区分", max_length=10, choices=Obligation.choices, default=Obligation.APPLIED)
    status = models.CharField("状況", max_length=10, choices=Status.choices, default=Status.PLANNED)
    report = models.OneToOneField(
        "kb.Retrospective", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="研修報告"
    )

    objects = TrainingRecordQuerySet.as_manager()

    class Meta:
        ordering = ("-starts_on", "-pk")
        verbose_name = "受講記録"
        verbose_name_plural = "受講記録"
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_on__gte=models.F("starts_on")), name="record_period"),
            models.CheckConstraint(
                condition=models.Q(course__isnull=False) | ~models.Q(free_title=""), name="record_names_a_course"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}（{self.starts_on}）"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.fiscal_year = fiscal_year(self.starts_on)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValidationError({"ends_on": "終わりが始まりより前です。どちらかの日付を直してください。"})
        if not self.course_id and not self.free_title:
            raise ValidationError({"free_title": "目録から研修を選ぶか、研修の名前を書いてください。"})

    @property
    def title(self) -> str:
        return self.course.title if self.course else self.free_title

    @property
    def may_report(self) -> bool:
        """Whether its person can begin a report: the course was attended and none is linked yet."""
        return self.report_id is None and self.status in (
            self.Status.ATTENDED,
            self.Status.COMPLETED,
            self.Status.PASSED,
        )
