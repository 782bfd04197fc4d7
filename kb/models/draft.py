"""Draft: what a person is still writing. Never a page, in no chooser, in no index (decision 0002)."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.urls import reverse

from kb.models.item_queries import item_types
from organization import clock


def written_types() -> list[tuple[str, str]]:
    """Code and name of every type that staff write as a draft."""
    return [(model.type_code(), model.TYPE_LABEL) for model in item_types() if model.FORM]


class DraftQuerySet(models.QuerySet["Draft"]):
    def open_of(self, person: Any) -> DraftQuerySet:
        """Drafts that `person` may go on writing, last touched first."""
        return self.filter(author=person, submitted_at__isnull=True).order_by("-updated_at", "-pk")


class Draft(models.Model):
    """One form as last typed. `version` counts saves, so that two windows cannot overwrite each other unseen."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    author = models.ForeignKey("organization.Person", on_delete=models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=20, choices=written_types)
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
