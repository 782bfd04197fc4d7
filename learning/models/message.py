"""Message, the mail to one person on one day; Reminder, a reminder that was given; and CalendarKey.

A constraint allows one message a person and day. Its text is stored for the outbox page, and `sent_at` prevents a
second run from sending it again. A Reminder row prevents a second reminder of the same kind.
"""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q

from organization import clock


class Message(models.Model):
    person = models.ForeignKey(
        "organization.Person", on_delete=models.CASCADE, related_name="messages", verbose_name="宛先"
    )
    on = models.DateField("日付")
    subject = models.CharField("件名", max_length=120)
    body = models.TextField("本文")
    by = models.ForeignKey(
        "organization.Person",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="送った人",
    )
    made_at = models.DateTimeField("作った日時", default=clock.now)
    sent_at = models.DateTimeField("送った日時", null=True, blank=True)
    failure = models.CharField("送れなかったわけ", max_length=300, blank=True)

    class Meta:
        verbose_name = "送信箱のメール"
        verbose_name_plural = "送信箱のメール"
        ordering = ("-on", "-pk")
        constraints = [models.UniqueConstraint(fields=("person", "on"), name="message_one_a_day")]
        indexes = [models.Index(fields=("made_at",), condition=Q(sent_at__isnull=True), name="message_unsent")]

    def __str__(self) -> str:
        return f"{self.on} {self.pk}"


class Reminder(models.Model):
    """A reminder that was given about an assignment, a training record or, to a head, about a week.

    Constraints prevent a second one. The daily job reminds once for each kind and due date of an assignment, once for
    each kind of a record, and once a week; a manager can remind once a day.
    """

    class Kind(models.TextChoices):
        BEFORE_14 = "before_14", "期限の14日前"
        BEFORE_3 = "before_3", "期限の3日前"
        AFTER_1 = "after_1", "期限の翌日"
        RENEWAL = "renewal", "更新の時期"
        MANAGER = "manager", "所属長から"
        REPORT = "report", "報告の期限の前"
        REPORT_LATE = "late", "報告の期限の後"
        USED = "used", "使いましたか"
        WEEK = "week", "所属の一週間"

    #: Exactly one of these three is set: the subject of the reminder.
    assignment = models.ForeignKey(
        "learning.Assignment",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="reminders",
        verbose_name="割当",
    )
    record = models.ForeignKey(
        "learning.TrainingRecord",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="reminders",
        verbose_name="受講記録",
    )
    head = models.ForeignKey(
        "organization.Person", on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name="所属長"
    )
    kind = models.CharField("種類", max_length=10, choices=Kind.choices)
    #: The due date in question; for a reminder by a manager, the day on which it was sent; for a week, its Monday.
    about = models.DateField("どの期限の")
    text = models.TextField("文面", max_length=1000, blank=True)
    by = models.ForeignKey(
        "organization.Person",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="送った人",
    )
    made_at = models.DateTimeField("日時", default=clock.now)

    class Meta:
        verbose_name = "お知らせの記録"
        verbose_name_plural = "お知らせの記録"
        ordering = ("-made_at", "-pk")
        constraints = [
            models.UniqueConstraint(fields=("assignment", "kind", "about"), name="reminder_once"),
            models.UniqueConstraint(fields=("record", "kind"), name="reminder_once_a_record"),
            models.UniqueConstraint(fields=("head", "kind", "about"), name="reminder_once_a_week"),
            models.CheckConstraint(
                condition=Q(assignment__isnull=False, record__isnull=True, head__isnull=True)
                | Q(assignment__isnull=True, record__isnull=False, head__isnull=True)
                | Q(assignment__isnull=True, record__isnull=True, head__isnull=False),
                name="reminder_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about} {self.pk}"


def new_key() -> str:
    return secrets.token_urlsafe(32)


class CalendarKey(models.Model):
    """The personal key of a calendar feed. It is revoked by deletion, and stops working when the account is closed."""

    person = models.OneToOneField(
        "organization.Person", on_delete=models.CASCADE, related_name="calendar_key", verbose_name="職員"
    )
    key = models.CharField("鍵", max_length=64, unique=True, default=new_key)
    made_at = models.DateTimeField("作った日時", default=clock.now)

    class Meta:
        verbose_name = "カレンダーの鍵"
        verbose_name_plural = "カレンダーの鍵"

    def __str__(self) -> str:
        return f"calendar key {self.pk}"
