"""Person: somebody in the directory, with or without an account. Appointment rows store which posts the person
holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from organization import clock
from organization.errors import field_error
from organization.models.identity import Identified

if TYPE_CHECKING:
    from organization.models.user import User


class PersonQuerySet(models.QuerySet["Person"]):
    def in_service(self, on: date | None = None) -> PersonQuerySet:
        """Returns the people who have not left on that day (default: today)."""
        return self.filter(Q(left_on__isnull=True) | Q(left_on__gte=on or clock.today()))


class Person(Identified):
    class Employment(models.TextChoices):
        REGULAR = "regular", "常勤"
        REHIRED = "rehired", "再任用"
        FISCAL_YEAR = "fiscal_year", "会計年度任用"
        SPECIAL = "special", "特別職"
        DISPATCHED = "dispatched", "派遣受入"
        MUNICIPAL = "municipal", "市町村"
        OUTSIDE = "outside", "外部"

    #: The prefecture's own staff. The appointments of county staff let them read items of the audience 庁内全体.
    COUNTY = frozenset(
        {
            Employment.REGULAR,
            Employment.REHIRED,
            Employment.FISCAL_YEAR,
            Employment.SPECIAL,
            Employment.DISPATCHED,
        }
    )

    user: models.OneToOneField[User | None, User | None] = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="person",
        verbose_name="利用者（ログイン）",
    )
    staff_no = models.CharField("職員番号", max_length=32)
    name = models.CharField("氏名", max_length=60)
    kana = models.CharField("読み", max_length=80)
    employment = models.CharField("任用", max_length=16, choices=Employment.choices, default=Employment.REGULAR)
    joined_on = models.DateField("採用日", null=True, blank=True)
    left_on = models.DateField("退職日", null=True, blank=True, help_text="最後の勤務日。翌日からログインできません。")

    findable = models.BooleanField(
        "名前で見つけてもらう", default=False, help_text="検索の箱の候補に、氏名と職名を出してよいか。本人が決めます。"
    )

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = "職員"
        verbose_name_plural = "職員"
        ordering = ("kana", "pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(left_on__isnull=True) | Q(joined_on__isnull=True) | Q(left_on__gte=F("joined_on")),
                name="person_leaves_after_joining",
                violation_error_message="退職日が採用日より前です。日付を確かめてください。",
            ),
            # A staff number may be used again, but only after the person who had it has left.
            models.UniqueConstraint(
                fields=("staff_no",),
                condition=Q(left_on__isnull=True),
                name="person_staff_no_in_service",
                violation_error_message="この職員番号は、在職中の別の職員が使っています。番号を確かめてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.staff_no}）"

    @property
    def is_county(self) -> bool:
        return self.employment in self.COUNTY

    def has_left(self, on: date | None = None) -> bool:
        """Whether the person's last day of work is before that day (default: today)."""
        return self.left_on is not None and self.left_on < (on or clock.today())

    def clean(self) -> None:
        super().clean()
        if self.joined_on and self.left_on and self.left_on < self.joined_on:
            raise field_error(
                "left_on", "退職日が採用日より前です。日付を確かめてください。", code="left_before_joined"
            )
