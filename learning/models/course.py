"""TrainingCourse (研修): an entry of the course catalogue."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from organization.access_policy import Viewer, reader_tokens
from organization.audience import Audience, audience_tokens


class Obligation(models.TextChoices):
    ALL = "all", "悉皆"
    NAMED = "named", "指名"
    APPLIED = "applied", "応募"
    OPTIONAL = "optional", "任意"


#: The audience of the catalogue: everybody who works for the prefecture.
COURSE_TOKENS = audience_tokens(audience=Audience.PREFECTURE, owner_unit_id=None, author_uids=())


class TrainingCourseQuerySet(models.QuerySet["TrainingCourse"]):
    def standing(self) -> TrainingCourseQuerySet:
        """The courses that the catalogue and search offer: all except retired ones."""
        return self.filter(retired=False)

    def visible_to(self, user: Viewer) -> TrainingCourseQuerySet:
        """All courses or none: a course has no audience of its own."""
        return self.all() if reader_tokens(user) & COURSE_TOKENS else self.none()


class TrainingCourse(models.Model):
    class Provider(models.TextChoices):
        PREFECTURE = "prefecture", "県"
        MUNICIPAL = "municipal", "市町村研修機関"
        COLLEGE = "college", "自治大学校"
        ACADEMY = "academy", "JIAM/JAMP"
        JLIS = "jlis", "J-LIS"
        STATE = "state", "国"
        PRIVATE = "private", "民間"
        UNIVERSITY = "university", "大学"

    class Type(models.TextChoices):
        RANK = "rank", "階層別"
        CHOICE = "choice", "選択"
        SPECIAL = "special", "専門"
        DISPATCH = "dispatch", "派遣"
        OJT = "ojt", "職場OJT"
        SELF = "self", "自己啓発"
        ELEARNING = "elearning", "eラーニング"
        COMMUNITY = "community", "越境・地域"

    code = models.CharField("科目番号", max_length=30, unique=True)
    title = models.CharField("名称", max_length=100)
    provider = models.CharField("実施機関", max_length=12, choices=Provider.choices, default=Provider.PREFECTURE)
    type = models.CharField("区分", max_length=12, choices=Type.choices, default=Type.CHOICE)
    obligation = models.CharField("受講区分", max_length=10, choices=Obligation.choices, default=Obligation.APPLIED)
    hours = models.DecimalField("時間", max_digits=6, decimal_places=1, null=True, blank=True)
    valid_months = models.PositiveSmallIntegerField("有効月数", null=True, blank=True)

    about = models.TextField(
        "内容", max_length=1000, blank=True, help_text="何を学ぶか、だれに向くか。検索で見つかります。"
    )
    retired = models.BooleanField(
        "終了した研修", default=False, help_text="目録と検索に出さなくなります。受講記録は残ります。"
    )

    objects = TrainingCourseQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        verbose_name = "研修"
        verbose_name_plural = "研修"

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("course", args=[self.code])
