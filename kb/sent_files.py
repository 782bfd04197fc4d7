"""Files that an office sends in: stored under a name of ours, worked on by a process of their own, thrown away after.

Shared by the imports of references (``kb.references.uploads``) and of trainings (learning). It refuses to ask who may:
that is the caller's, who knows whose files they are; and to work within a request.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from kb.models.sent_file import SentFile
from organization import clock

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
KEEP = timedelta(days=14)
WORD_SECONDS = 1.0
State = SentFile.State


class Reportable(Protocol):
    def as_json(self) -> dict[str, Any]: ...


def folder() -> Path:
    return Path(settings.VAR_DIR) / "imports"


def path_of(row: SentFile) -> Path:
    return folder() / row.stored_as


def store(file: UploadedFile[bytes]) -> Path:
    """Write the file under a generated name; nothing is left where that fails."""
    folder().mkdir(parents=True, exist_ok=True)
    path = folder() / uuid.uuid4().hex
    try:
        with path.open("xb") as stored:
            for chunk in file.chunks():
                stored.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def shown(name: str) -> str:
    """A file's name for the screen alone: no byte of it becomes a path."""
    return name.encode("utf-8", "replace").decode().replace("\x00", "")[:200]


def start(command: str, pk: int) -> None:
    """A process of its own, begun once the row is there for it to read; nobody waits for it but a thread."""
    transaction.on_commit(lambda: _start(command, pk))


def _start(command: str, pk: int) -> None:
    words = [sys.executable, str(settings.BASE_DIR / "manage.py"), command, str(pk)]
    words.append(f"--settings={settings.SETTINGS_MODULE}")  # not manage.py's default, which is the demo's
    process = subprocess.Popen(words, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL)  # noqa: S603 (our own command)
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay in the process table


def drop(row: SentFile) -> bool:
    """Throw the file away; what was taken in already stays."""
    allowed = (State.CHECKED, *((row.state,) if row.is_stuck else ()))
    dropped = row.move(State.DROPPED, from_=allowed)
    if dropped:
        path_of(row).unlink(missing_ok=True)
    return dropped


def end(row: SentFile, state: str, **values: object) -> None:
    row.move(state, from_=SentFile.RUNNING, **values)
    if state != State.CHECKED:
        path_of(row).unlink(missing_ok=True)


class Word:
    """Writes the report so far into the row, at most once a second."""

    def __init__(self, row: SentFile) -> None:
        self.row = row
        self.last = 0.0

    def __call__(self, report: Reportable, position: int, size: int) -> None:
        if monotonic() - self.last >= WORD_SECONDS:
            self.last = monotonic()
            done = position * self.row.size // size if size else 0
            rows = type(self.row)._default_manager.filter(pk=self.row.pk)
            rows.update(report=report.as_json(), done_bytes=done, heard_at=clock.now())


def forget_old(model: type[SentFile]) -> None:
    """Files that nobody decided on for two weeks."""
    old = model._default_manager.filter(sent_at__lt=clock.now() - KEEP)
    for row in old.filter(state__in=(State.CHECKED, *SentFile.RUNNING)):
        if row.move(State.DROPPED, from_=(row.state,)):
            path_of(row).unlink(missing_ok=True)
