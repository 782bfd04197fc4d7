"""Draft: an unfinished text of one person. A draft is not a page, so no chooser and no index shows it (0002)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse

from kb.models.items.item_queries import item_types
from organization import clock

if TYPE_CHECKING:
    from organization.models import Person


def written_types() -> list[tuple[str, str]]:
    """Returns the code and the name of every item type that staff write as a draft."""
    return [(model.type_code(), model.TYPE_LABEL) for model in item_types() if model.FORM]


class DraftQuerySet(models.QuerySet["Draft"]):
    def open_of(self, person: Person) -> DraftQuerySet:
        """Returns the drafts of `person` that have not been submitted. The draft that was saved last comes first."""
        return self.filter(author=person, submitted_at__isnull=True).order_by("-updated_at", "-pk")


class Draft(models.Model):
    """The typed data of one form. `version` counts the saves, so that a second browser window cannot overwrite the
    draft unnoticed.
    """

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
        """The title of the draft in lists: the title that was typed, or else the subject that was typed."""
        data = self.data if isinstance(self.data, dict) else {}
        titles = [data[name] for name in ("title", "subject") if isinstance(data.get(name), str)]
        return next((title for title in titles if title.strip()), "（題名はまだありません）")

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has been typed yet. Lists leave such a draft out, and `/write/` uses it again for the same
        form.
        """
        prefilled = {"audience", "themes"}
        return (
            self.version == 0 and self.item_id is None and isinstance(self.data, dict) and self.data.keys() <= prefilled
        )
