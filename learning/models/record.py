"""TrainingRecord (受講記録): one training of one person, with its dates, its result and the report about it.

The report is a kb.Retrospective of a training format. The link is stored here, because kb does not know training records
(0012). A record does not store what the person read or searched.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models

from learning.models.course import Obligation, TrainingCourse
from organization import clock
from organization.errors import field_error
from organization.fiscal import fiscal_year
from organization.japanese_dates import era_date
from organization.models import Person


class TrainingRecordQuerySet(models.QuerySet["TrainingRecord"]):
    def of(self, person: Person) -> TrainingRecordQuerySet:
        """The records of one person, newest first, with course and report."""
        return self.filter(person=person).select_related("course", "report").order_by("-starts_on", "-pk")

    def finished(self) -> TrainingRecordQuerySet:
        """Completed or passed: these complete the course step of a path."""
        return self.filter(status__in=TrainingRecord.FINISHED)

    def reflection_due(self, on: date | None = None) -> TrainingRecordQuerySet:
        """Records of 派遣・指名 without a report, also before the due date of the report."""
        return self.without_report().filter(TrainingRecord.asks_reflection_q())

    def without_report(self) -> TrainingRecordQuerySet:
        """Records of an attended training without a report."""
        return self.filter(report__isnull=True, status__in=TrainingRecord.ATTENDED)


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

    class Origin(models.TextChoices):
        OFFICE = "office", "研修担当"
        SELF = "self", "本人"
        IMPORT = "import", "取込み"

    class Used(models.TextChoices):
        USED = "used", "使った"
        PARTLY = "partly", "一部使った"
        NOT_YET = "not_yet", "まだ"
        WILL_NOT = "will_not", "使わない"

    FINISHED = (Status.COMPLETED, Status.PASSED)
    #: The statuses that a person may enter themselves. The training office enters the others.
    OWN_STATUSES = (Status.PLANNED, Status.APPLIED, Status.ATTENDED, Status.COMPLETED)
    #: Statuses after which a report can be written.
    ATTENDED = (Status.ATTENDED, Status.COMPLETED, Status.PASSED)
    REFLECT_WITHIN = timedelta(days=14)
    ASK_USED_AFTER = timedelta(days=90)

    person = models.ForeignKey(
        "organization.Person", on_delete=models.PROTECT, related_name="training_records", verbose_name="職員"
    )
    course = models.ForeignKey(
        "learning.TrainingCourse",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="records",
        verbose_name="研修",
    )
    free_title = models.CharField("研修の名前", max_length=100, blank=True, help_text="目録にない研修のとき。")
    organiser = models.CharField("主催", max_length=100, blank=True)
    starts_on = models.DateField("始まり")
    ends_on = models.DateField("終わり")
    fiscal_year = models.PositiveSmallIntegerField("年度", editable=False)
    hours = models.DecimalField("時間", max_digits=6, decimal_places=1, null=True, blank=True)
    obligation = models.CharField("受講区分", max_length=10, choices=Obligation.choices, default=Obligation.APPLIED)
    status = models.CharField("状況", max_length=10, choices=Status.choices, default=Status.PLANNED)
    score = models.PositiveSmallIntegerField("点", null=True, blank=True, validators=[MaxValueValidator(100)])
    certificate_no = models.CharField("修了証の番号", max_length=60, blank=True)
    expires_on = models.DateField("有効期限", null=True, blank=True)
    use_plan = models.TextField("活用計画", max_length=400, blank=True)
    used = models.CharField("使いましたか（90日後）", max_length=10, choices=Used.choices, blank=True)
    used_note = models.CharField("どう使ったか・使えなかったわけ", max_length=300, blank=True)
    used_on = models.DateField("答えた日", null=True, blank=True)
    shared = models.BooleanField("所属長に見せる", default=False)
    origin = models.CharField("登録", max_length=8, choices=Origin.choices, default=Origin.OFFICE, editable=False)
    import_key = models.CharField("取込キー", max_length=160, null=True, blank=True, unique=True, editable=False)
    report = models.OneToOneField(
        "kb.Retrospective", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="研修報告"
    )

    objects = TrainingRecordQuerySet.as_manager()

    class Meta:
        ordering = ("-starts_on", "-pk")
        verbose_name = "受講記録"
        verbose_name_plural = "受講記録"
        indexes = [models.Index(fields=("status", "ends_on"), name="record_status")]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_on__gte=models.F("starts_on")), name="record_period"),
            models.CheckConstraint(
                condition=models.Q(course__isnull=False) | ~models.Q(free_title=""), name="record_names_a_course"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}（{era_date(self.starts_on)}）"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.fiscal_year = fiscal_year(self.starts_on)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise field_error(
                "ends_on", "終わりが始まりより前です。どちらかの日付を直してください。", code="ends_before_start"
            )
        if not self.course_id and not self.free_title:
            raise field_error(
                "free_title", "目録から研修を選ぶか、研修の名前を書いてください。", code="course_required"
            )

    @property
    def title(self) -> str:
        return self.course.title if self.course else self.free_title

    @property
    def may_report(self) -> bool:
        """Whether the person can begin a report: the training was attended and has no report yet."""
        return self.report_id is None and self.status in self.ATTENDED

    @staticmethod
    def asks_reflection_q() -> models.Q:
        """Whether a report is required: the record is 指名, or its course is a 派遣."""
        return models.Q(obligation=Obligation.NAMED) | models.Q(course__type=TrainingCourse.Type.DISPATCH)

    @property
    def reflection_due_on(self) -> date | None:
        """The due date of the report (14 days after the end, 派遣・指名 only); None if none is required or it exists."""
        dispatched = self.course is not None and self.course.type == TrainingCourse.Type.DISPATCH
        is_required = self.may_report and (self.obligation == Obligation.NAMED or dispatched)
        return self.ends_on + self.REFLECT_WITHIN if is_required else None

    def asks_used(self, on: date | None = None) -> bool:
        """Whether to ask 「使いましたか」: from 90 days after the end, until the answer is not 「まだ」."""
        due = self.ends_on + self.ASK_USED_AFTER <= (on or clock.today())
        return due and self.status in self.ATTENDED and self.used in ("", self.Used.NOT_YET)

    def is_finished(self) -> bool:
        return self.status in self.FINISHED
