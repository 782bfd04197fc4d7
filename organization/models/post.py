"""Post, Appointment, Duty: a post owns work, a person holds the post for a time, and a duty gives the post a role.

No person has a role of their own: somebody who leaves a post no longer has its duties. Who manages whom is derived from
the posts (``organization.appointments``). Who manages whom is never stored.
"""

from __future__ import annotations

from datetime import date
from typing import Self, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from organization.errors import field_error
from organization.models.identity import Identified
from organization.models.person import Person
from organization.models.unit import OrgUnit

ENDS_EARLY = "終わりの日が始まりの日より前です。日付を確かめてください。"


Row = TypeVar("Row", bound=models.Model, covariant=True)


class DatedQuerySet(models.QuerySet[Row]):
    """Rows that are in force from `starts_on` to `ends_on`. Both days are included. If `ends_on` is None, there is
    no end."""

    def on(self, day: date) -> Self:
        """Returns the rows that are in force on `day`."""
        return self.filter(starts_on__lte=day).filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day))

    def overlapping(self, starts_on: date, ends_on: date | None) -> Self:
        """Returns the rows that are in force on at least one day of the period. If `ends_on` is None, the period has
        no end."""
        rows = self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=starts_on))
        return rows.filter(starts_on__lte=ends_on) if ends_on else rows


def dates_in_order(name: str) -> models.CheckConstraint:
    """Returns a database constraint with this name: a row must not end before it starts."""
    in_order = Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on"))
    return models.CheckConstraint(condition=in_order, name=name, violation_error_message=ENDS_EARLY)


class Post(Identified):
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="posts", verbose_name="所属")
    title = models.CharField("職名", max_length=60)
    is_head = models.BooleanField("所属長の職", default=False)

    class Meta:
        verbose_name = "職"
        verbose_name_plural = "職"
        ordering = ("unit_id", "-is_head", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=("unit",),
                condition=Q(is_head=True),
                name="post_one_head_a_unit",
                violation_error_message="この所属には、もう所属長の職があります。先にそちらの「所属長の職」を外してください。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit.name} {self.title}"


class AppointmentQuerySet(DatedQuerySet["Appointment"]):
    """Appointments. `.on(day)` selects the appointments of a day, `.overlapping(…)` the appointments of a period."""


class Appointment(models.Model):
    """発令: the appointment of a person to a post. Nobody may see it before `announced_on` (内示, I8)."""

    class Kind(models.TextChoices):
        MAIN = "main", "本務"
        CONCURRENT = "concurrent", "兼務"
        JOINT = "joint", "併任"
        SECONDMENT = "secondment", "派遣"
        LEAVE = "leave", "休職"
        CHILDCARE = "childcare", "育休"

    #: In appointments of these kinds, the person does the work of the post. The kinds of leave are not included.
    HOLDING = (Kind.MAIN, Kind.CONCURRENT, Kind.JOINT, Kind.SECONDMENT)
    LEAVES = (Kind.LEAVE, Kind.CHILDCARE)

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="appointments", verbose_name="職員")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="appointments", verbose_name="職")
    kind = models.CharField("発令の区分", max_length=12, choices=Kind.choices, default=Kind.MAIN)
    starts_on = models.DateField("始まりの日", db_index=True)
    ends_on = models.DateField("終わりの日", null=True, blank=True, help_text="最後の日。続いている間は空にします。")
    announced_on = models.DateField("公表日", help_text="この日まで、人事の担当のほかには見えません。")

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = "発令"
        verbose_name_plural = "発令"
        ordering = ("-starts_on", "-pk")
        constraints = [dates_in_order("appointment_dates")]

    def __str__(self) -> str:
        return f"{self.person.name} {self.post}（{self.get_kind_display()}）"

    def clean(self) -> None:
        """Refuses an appointment whose dates are wrong, or that overlaps another main appointment (I6).

        The dates must be in order and within the person's time in service. Raises ValidationError with the code
        ends_before_start, before_joined, after_left or second_main_post.
        """
        super().clean()
        if self.person_id is None or self.starts_on is None:
            return  # The form already reports the missing field.
        if self.ends_on and self.ends_on < self.starts_on:
            raise field_error("ends_on", ENDS_EARLY, code="ends_before_start")
        person = self.person
        if person.joined_on and self.starts_on < person.joined_on:
            raise field_error(
                "starts_on", "採用日より前です。発令の始まりを採用日からにしてください。", code="before_joined"
            )
        if person.left_on and self.starts_on > person.left_on:
            raise field_error(
                "starts_on", "退職日より後です。職員の退職日か、発令の始まりを直してください。", code="after_left"
            )
        self._clean_main()

    def _clean_main(self) -> None:
        """I6: on any day a county employee has exactly one main post. Refuses a second main post."""
        if self.kind != self.Kind.MAIN or not self.person.is_county:
            return
        mains = Appointment.objects.filter(person_id=self.person_id, kind=self.Kind.MAIN).exclude(pk=self.pk)
        if other := mains.overlapping(self.starts_on, self.ends_on).first():
            raise ValidationError(
                f"本務が「{other}」と重なります。そちらの終わりの日を、この発令の前日にしてください。",
                code="second_main_post",
            )


class DutyQuerySet(DatedQuerySet["Duty"]):
    """Duties. `.on(day)` selects the duties that are in force on a day."""


class Duty(models.Model):
    """役割: what the holder of a post may do in this product, beyond what everybody may do."""

    class Role(models.TextChoices):
        REVIEWER = "reviewer", "所属レビュアー"
        KM = "km", "KM推進"
        CURATOR = "curator", "分野キュレーター"
        TRAINING = "training", "研修担当"
        LISTENING = "listening", "広聴・共創担当"
        AUDITOR = "auditor", "監査"
        CONTACT = "contact", "連絡先"

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="duties", verbose_name="職")
    role = models.CharField("役割", max_length=12, choices=Role.choices)
    scope = models.ForeignKey(
        OrgUnit,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="範囲",
        help_text="空なら、レビュアーは職の所属、ほかの役割は全庁です。",
    )
    starts_on = models.DateField("始まりの日")
    ends_on = models.DateField("終わりの日", null=True, blank=True)

    objects = DutyQuerySet.as_manager()

    class Meta:
        verbose_name = "役割"
        verbose_name_plural = "役割"
        ordering = ("role", "post_id")
        constraints = [
            dates_in_order("duty_dates"),
            models.CheckConstraint(
                # The token role:km gives access to everything. A scope with this role would look like a limit, but it
                # would not limit anything.
                condition=~Q(role="km") | Q(scope__isnull=True),
                name="duty_km_has_no_scope",
                violation_error_message="KM推進は全庁の役割です。範囲を空にしてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}：{self.post}"
