"""AuditEvent: what was done, who did it, when and why. Each event contains the hash of the event before.

Only `record` and `record_many` of ``organization.audit`` write events. An event is never changed or deleted: to correct
an event, another event is added.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

APPEND_ONLY = "audit events are append-only: write another event instead"


class AppendOnly(models.QuerySet["AuditEvent"]):
    def update(self, **values: Any) -> NoReturn:
        raise TypeError(APPEND_ONLY)

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(APPEND_ONLY)

    def delete(self) -> NoReturn:
        raise TypeError(APPEND_ONLY)


class AuditEvent(models.Model):
    sequence = models.PositiveBigIntegerField("番号", unique=True, editable=False)
    at = models.DateTimeField("日時", editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name="した人",
        db_constraint=False,
    )
    #: This uid stays when the account is deleted. The hash is computed from this uid, not from the foreign key.
    actor_uid = models.UUIDField(null=True, editable=False)
    action = models.CharField("したこと", max_length=60, editable=False, db_index=True)
    object_type = models.CharField("対象の種類", max_length=100, editable=False)
    object_id = models.CharField("対象の番号", max_length=64, editable=False)
    object_label = models.CharField("対象", max_length=200, editable=False)
    before = models.JSONField("前", null=True, editable=False, encoder=DjangoJSONEncoder)
    after = models.JSONField("後", null=True, editable=False, encoder=DjangoJSONEncoder)
    reason = models.TextField("わけ", blank=True, editable=False)
    previous_hash = models.CharField(max_length=64, unique=True, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name = "監査記録"
        verbose_name_plural = "監査記録"
        ordering = ("-sequence",)
        indexes = [models.Index(fields=("object_type", "object_id"), name="audit_object")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.object_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(APPEND_ONLY)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(APPEND_ONLY)


class AuditHead(models.Model):
    """The end of the chain. This row is locked while an event is added. Without the lock, two processes could
    continue the chain from the same event."""

    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "監査記録の末尾"

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash[:8]}"
