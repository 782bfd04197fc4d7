"""Draft: what a person is still writing. Never a page, in no chooser, in no index (0002)."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.urls import reverse

from organization import clock


class DraftQuerySet(models.QuerySet["Draft"]):
    def open_of(self, person: Any) -> DraftQuerySet:
        """Drafts that `person` may go on writing, last touched first."""
        return self.filter(author=person, submitted_at__isnull=True).order_by("-updated_at", "-pk")


class Draft(models.Model):
    """One form as last typed. `version` counts saves, so that two windows cannot overwrite each other unseen."""

    class Kind(models.TextChoices):
        RETROSPECTIVE = "retrospective", "ふりかえり"
        LESSON = "lesson", "教訓"
        CHALLENGE = "challenge", "挑戦"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    author = models.ForeignKey("organization.Person", on_delete=models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    format = models.CharField(max_length=30, blank=True)
    data = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0)
    item = models.ForeignKey("kb.Item", on_delete=models.CASCADE, null=True, related_name="drafts")
    base_revision = models.ForeignKey("wagtailcore.Revision", on_delete=models.SET_NULL, null=True, related_name="+")
    comment = models.TextField("差戻しのことば", blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    submitted_at = models.DateTimeField(null=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = "下書き"
        verbose_name_plural = "下書き"
        indexes = [models.Index(fields=("author", "submitted_at", "updated_at"), name="draft_open")]

    def __str__(self) -> str:
        return f"draft {self.uid}"

    def get_absolute_url(self) -> str:
        return reverse("write_draft", args=[self.uid])

    @property
    def title(self) -> str:
        """What lists call it: the title or the subject typed so far."""
        typed = self.data if isinstance(self.data, dict) else {}
        named = [typed[name] for name in ("title", "subject") if isinstance(typed.get(name), str)]
        return next((name for name in named if name.strip()), "（題名はまだありません）")

    @property
    def is_untouched(self) -> bool:
        """Begun and left: nothing but what every new draft starts with. Lists leave it out, and a new start takes it."""
        started_with = {"audience", "themes"}
        return (
            self.version == 0
            and self.item_id is None
            and isinstance(self.data, dict)
            and self.data.keys() <= started_with
        )
