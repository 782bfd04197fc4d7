"""TrainingSource (取込元), TrainingImport (one uploaded file of a source) and UnmatchedRow (a row without a person).

A source stores which heading means which field. ``learning.imports.uploads`` processes a file. A row whose person is
unknown waits until the office assigns a person or drops it. After that, the source knows the staff number
(``learning.imports.unmatched.known_people``).
"""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from imports.upload_job import UploadJob
from organization import clock

SOURCE_NAME = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,39}\Z", "取込元コードは、半角の英数字と - _ で40文字までにしてください。"
)


class Kind(models.TextChoices):
    COURSES = "courses", "研修の目録"
    RECORDS = "records", "受講記録"
    COMPLETIONS = "completions", "学習パスの修了"


class TrainingSource(models.Model):
    name = models.CharField("取込元コード", max_length=40, unique=True, validators=[SOURCE_NAME])
    label = models.CharField("取込元", max_length=100)
    kind = models.CharField("種類", max_length=12, choices=Kind.choices)
    mapping = models.JSONField("見出しと項目", default=dict, blank=True)
    changed_at = models.DateTimeField("最後の取込み", default=clock.now)

    class Meta:
        verbose_name = "研修の取込元"
        verbose_name_plural = "研修の取込元"
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.label}（{self.name}）"


class TrainingImport(UploadJob):
    source_name = models.CharField("取込元コード", max_length=40, validators=[SOURCE_NAME])
    label = models.CharField("取込元", max_length=100, blank=True)
    kind = models.CharField("種類", max_length=12, choices=Kind.choices)
    #: The fields that the office chose; None before that (then the mapping of the source, or a guess, is used).
    mapping = models.JSONField("見出しと項目", null=True, blank=True)

    class Meta:
        verbose_name = "研修の取込み"
        verbose_name_plural = "研修の取込み"
        ordering = ("-sent_at", "-pk")

    def __str__(self) -> str:
        return f"{self.source_name} {self.called}"


class UnmatchedRowQuerySet(models.QuerySet["UnmatchedRow"]):
    def open(self) -> UnmatchedRowQuerySet:
        return self.filter(state=UnmatchedRow.State.OPEN)

    def resolved(self) -> UnmatchedRowQuerySet:
        return self.filter(state=UnmatchedRow.State.RESOLVED, resolved_person__isnull=False)


class UnmatchedRow(models.Model):
    class State(models.TextChoices):
        OPEN = "open", "未解決"
        RESOLVED = "resolved", "解決済み"
        DROPPED = "dropped", "取り込まない"

    source = models.ForeignKey(TrainingSource, on_delete=models.CASCADE, related_name="rows", verbose_name="取込元")
    kind = models.CharField("種類", max_length=12, choices=Kind.choices)
    import_key = models.CharField("取込キー", max_length=120, unique=True)
    staff_no = models.CharField("職員番号", max_length=32)
    name = models.CharField("氏名", max_length=60, blank=True)
    data = models.JSONField("行の内容", default=dict)
    reason = models.CharField("わけ", max_length=300)
    state = models.CharField("状態", max_length=8, choices=State.choices, default=State.OPEN)
    resolved_person = models.ForeignKey(
        "organization.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="職員"
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="決めた人",
    )
    closing_reason = models.CharField("取り込まないわけ", max_length=300, blank=True)
    made_at = models.DateTimeField("届いた日時", default=clock.now)
    closed_at = models.DateTimeField("決めた日時", null=True, blank=True)

    objects = UnmatchedRowQuerySet.as_manager()

    class Meta:
        verbose_name = "職員が分からない行"
        verbose_name_plural = "職員が分からない行"
        ordering = ("made_at", "pk")
        indexes = [
            models.Index(fields=("source", "staff_no"), name="unmatched_number"),
            models.Index(fields=("made_at",), condition=Q(state="open"), name="unmatched_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="resolved") | Q(resolved_person__isnull=False), name="unmatched_resolved_names_one"
            ),
            models.CheckConstraint(condition=~Q(state="dropped") | ~Q(closing_reason=""), name="unmatched_dropped_why"),
        ]

    def __str__(self) -> str:
        return f"行{self.pk}"  # without a name, because it is written to audit events and logs
