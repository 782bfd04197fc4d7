"""Authorship: who wrote an item. Only the access policy and kb.items.authorship read this table.

The page row always names the service account as the owner. So no author has to be removed from revisions, logs or
exports (0003).
"""

from django.db import models


class Authorship(models.Model):
    item = models.ForeignKey("kb.Item", on_delete=models.CASCADE, related_name="authorships", verbose_name="項目")
    person = models.ForeignKey(
        "organization.Person", on_delete=models.PROTECT, related_name="authorships", verbose_name="書いた人"
    )
    post_title = models.CharField("当時の職", max_length=60, blank=True)
    written_on = models.DateField("書いた日")

    class Meta:
        verbose_name = "書いた人"
        verbose_name_plural = "書いた人"
        constraints = [models.UniqueConstraint(fields=("item", "person"), name="authorship_once")]

    def __str__(self) -> str:
        return f"authorship {self.pk}"
