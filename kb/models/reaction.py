"""Reaction: one person's 「役に立った」 on one item. A plain row outside revisions (S06)."""

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
