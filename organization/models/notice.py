"""Notice: one sentence for one person. A notice is shown on the person's own page until the person has read it. No
mail is sent."""

from __future__ import annotations

from django.db import models

from organization import clock
from organization.models.person import Person


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread_of(self, person: Person) -> NoticeQuerySet:
        return self.filter(person=person, read_at__isnull=True)

    def mark_read(self) -> int:
        """Marks the notices of this queryset as read. Returns how many of them were unread."""
        return self.filter(read_at__isnull=True).update(read_at=clock.now())


class Notice(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notices", verbose_name="宛先")
    text = models.CharField("内容", max_length=300)
    url = models.CharField("リンク先", max_length=300, blank=True)
    made_at = models.DateTimeField("日時", default=clock.now)
    read_at = models.DateTimeField("読んだ日時", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "お知らせ"
        verbose_name_plural = "お知らせ"
        ordering = ("-pk",)
        indexes = [models.Index(fields=("person", "read_at"), name="notice_unread")]

    def __str__(self) -> str:
        return self.text
