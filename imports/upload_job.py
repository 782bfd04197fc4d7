"""UploadJob: one uploaded file and its import, from the check to the end. Each kind of import has a subclass.

The job stores the place of the file, the progress, and the report so far. A separate process does the work
(``imports.uploads``). The model does not depend on the content of the file.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models

from organization import clock

#: If a process has reported nothing for this long, it has died (a restart, a full disk).
SILENCE = timedelta(minutes=3)


class UploadJob(models.Model):
    class State(models.TextChoices):
        CHECKING = "checking", "確認中"
        CHECKED = "checked", "確認済み（まだ取り込んでいません）"
        IMPORTING = "importing", "取込み中"
        DONE = "done", "取込み済み"
        FAILED = "failed", "取り込めませんでした"
        DROPPED = "dropped", "取りやめ"

    RUNNING = (State.CHECKING, State.IMPORTING)

    state = models.CharField("状態", max_length=10, choices=State.choices, default=State.CHECKING)
    #: A generated name under VAR_DIR/imports. The original name of the file is only shown to users.
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
        abstract = True

    def move(self, state: str, *, from_: tuple[str, ...], **values: Any) -> bool:
        """Sets `state` and `values` if the row is still in one of the states `from_`. Returns whether it was.

        So if a user presses the button twice, only one import starts.
        """
        rows = type(self)._default_manager.filter(pk=self.pk, state__in=from_)
        moved = rows.update(state=state, heard_at=clock.now(), **values)
        if moved:
            self.refresh_from_db()
        return bool(moved)

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING and not self.is_stuck

    @property
    def is_stuck(self) -> bool:
        """Whether the job is in a running state, but has reported nothing for longer than SILENCE."""
        return self.state in self.RUNNING and clock.now() - self.heard_at > SILENCE

    @property
    def percent(self) -> int:
        return min(100, self.done_bytes * 100 // self.size) if self.size else 0
