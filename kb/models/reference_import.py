"""ReferenceImport: one file of references that the knowledge office sent in, from its check to its end.

Holds where the file lies, what was asked for and the report so far; the work itself is ``kb.import_uploads``.
It refuses to hold the texts: those are in the file, and later in kb.Reference.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models

from kb.models.reference import IMPORT_AUDIENCES
from organization import clock

#: A process that has said nothing for so long has ended without a word (a restart, a full disk).
SILENCE = timedelta(minutes=3)


class ReferenceImport(models.Model):
    class State(models.TextChoices):
        CHECKING = "checking", "確認中"
        CHECKED = "checked", "確認済み（まだ取り込んでいません）"
        IMPORTING = "importing", "取込み中"
        DONE = "done", "取込み済み"
        FAILED = "failed", "取り込めませんでした"
        DROPPED = "dropped", "取りやめ"

    RUNNING = (State.CHECKING, State.IMPORTING)

    state = models.CharField("状態", max_length=10, choices=State.choices, default=State.CHECKING)
    source_name = models.CharField("出典コード", max_length=50)
    label = models.CharField("出典", max_length=100, blank=True)
    licence = models.CharField("利用条件", max_length=100, blank=True)
    audience = models.CharField("公開範囲", max_length=12, choices=IMPORT_AUDIENCES, blank=True)
    #: A generated name under VAR_DIR/imports; what the file was called is only shown.
    stored_as = models.CharField(max_length=50, editable=False)
    called = models.CharField("ファイル名", max_length=200)
    size = models.BigIntegerField("大きさ", default=0)
    done_bytes = models.BigIntegerField("読んだところ", default=0)
    report = models.JSONField("報告", default=dict)
    message = models.CharField("できなかった理由", max_length=500, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name="送った人"
    )
    sent_at = models.DateTimeField("送った日時", default=clock.now)
    heard_at = models.DateTimeField("最後の進み", default=clock.now)

    class Meta:
        verbose_name = "外部の事例の取込み"
        verbose_name_plural = "外部の事例の取込み"
        ordering = ["-sent_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.source_name} {self.called}"

    def move(self, state: str, *, from_: tuple[str, ...], **values: Any) -> bool:
        """Go on to `state`, if nobody has meanwhile: two presses of one button start one import."""
        moved = type(self).objects.filter(pk=self.pk, state__in=from_).update(
            state=state, heard_at=clock.now(), **values
        )  # fmt: skip
        if moved:
            self.refresh_from_db()
        return bool(moved)

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING and not self.is_stuck

    @property
    def is_stuck(self) -> bool:
        """Said to be running, and silent for too long."""
        return self.state in self.RUNNING and clock.now() - self.heard_at > SILENCE

    @property
    def percent(self) -> int:
        return min(100, self.done_bytes * 100 // self.size) if self.size else 0
