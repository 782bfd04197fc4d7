"""Reaction: the mark 「役に立った」 of one person on one item. It is a plain row and no part of revisions (S06)."""

from __future__ import annotations

from django.db import models

from organization import clock


class Reaction(models.Model):
    item = models.ForeignKey("kb.Item", on_delete=models.CASCADE, related_name="reactions")
    person = models.ForeignKey("organization.Person", on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = "役に立った"
        constraints = [models.UniqueConstraint(fields=("item", "person"), name="reaction_once")]

    def __str__(self) -> str:
        return f"reaction {self.pk}"
