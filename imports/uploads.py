"""Uploaded files: stored under a generated name, worked on by a process of their own, deleted after.

Each kind of import has one `Uploads`, which its views and its process use. Refuses to work within a request, and to
keep a file that is no longer needed.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Generic, TypeVar, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from imports.report import ImportRefusedError, Report, UnreadableFileError
from imports.upload_job import UploadJob
from organization import clock

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
#: A checked file that nobody decided on is deleted after so long.
KEEP = timedelta(days=14)
PROGRESS_SECONDS = 1.0
State = UploadJob.State
Job = TypeVar("Job", bound=UploadJob)
User = TypeVar("User", bound=AbstractBaseUser)
logger = logging.getLogger(__name__)


def folder() -> Path:
    return Path(settings.VAR_DIR) / "imports"


def path_of(job: UploadJob) -> Path:
    return folder() / job.stored_as


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


def displayed_name(name: str) -> str:
    """A file's name for the screen alone: no byte of it becomes a path."""
    return name.encode("utf-8", "replace").decode().replace("\x00", "")[:200]


def start_process(command: str, pk: int) -> None:
    """Start ``manage.py COMMAND PK`` in a process of its own. Only a thread waits for it."""
    arguments = [sys.executable, str(settings.BASE_DIR / "manage.py"), command, str(pk)]
    arguments.append(f"--settings={settings.SETTINGS_MODULE}")  # not manage.py's default, which is the demo's
    process = subprocess.Popen(arguments, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL)  # noqa: S603 (our own command)
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay in the process table


class ProgressReporter:
    """Writes the report so far into the job's row, at most once a second."""

    def __init__(self, job: UploadJob) -> None:
        self.job = job
        self.last = 0.0

    def __call__(self, report: Report, position: int, size: int) -> None:
        if monotonic() - self.last >= PROGRESS_SECONDS:
            self.last = monotonic()
            done = position * self.job.size // size if size else 0
            rows = type(self.job)._default_manager.filter(pk=self.job.pk)
            rows.update(report=report.as_json(), done_bytes=done, heard_at=clock.now())


class Uploads(Generic[Job, User]):
    """The uploads of one kind of import.

    `name` is the URL name of a job's page and the prefix of its log event; `command` the management command that
    calls `work`; `may_import` says who may send, and `run` checks or imports one job's file and returns the report.
    Every verb raises PermissionDenied for a user who may not import.
    """

    def __init__(
        self,
        model: type[Job],
        *,
        name: str,
        command: str,
        may_import: Callable[[User], bool],
        run: Callable[[Job, User], Report],
    ) -> None:
        self.model, self.name, self.command, self.may_import, self.run = model, name, command, may_import, run

    def measure(self, path: Path) -> int:
        """The size of a stored file in bytes. A kind may look into it here and raise UnreadableFileError."""
        return path.stat().st_size

    def receive(self, *, file: UploadedFile[bytes], by: User, **values: object) -> Job:
        """Store the file and start its check. `values` are the columns of the kind.

        Raises UnreadableFileError where `measure` sees at once that the file is of another kind.
        """
        self.require(by)
        self.forget_old()
        path = store(file)
        try:
            job = self.model._default_manager.create(
                stored_as=path.name,
                called=displayed_name(file.name or ""),
                size=self.measure(path),
                sent_by=by,
                **values,
            )
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self.start(job)
        return job

    def recheck(self, *, job: Job, by: User, **values: object) -> bool:
        """Check once more with other `values`; False where the job has moved on meanwhile."""
        self.require(by)
        return self._restart(job, State.CHECKING, (State.CHECKED,), sent_by=by, **values)

    def begin(self, *, job: Job, by: User, **values: object) -> bool:
        """Import what was checked; False where somebody else was quicker."""
        self.require(by)
        return self._restart(job, State.IMPORTING, (State.CHECKED,), sent_by=by, report={}, **values)

    def again(self, *, job: Job, by: User) -> bool:
        """Start the process anew where it has fallen silent. What it had imported counts as unchanged."""
        self.require(by)
        return job.is_stuck and self._restart(job, job.state, (job.state,), report={})

    def drop(self, *, job: Job, by: User) -> bool:
        """Delete the file; what was imported already stays."""
        self.require(by)
        dropped = job.move(State.DROPPED, from_=(State.CHECKED, *((job.state,) if job.is_stuck else ())))
        if dropped:
            path_of(job).unlink(missing_ok=True)
        return dropped

    def start(self, job: Job) -> None:
        """Start the job's process once its row is committed, for the process reads it."""
        transaction.on_commit(lambda: start_process(self.command, job.pk))

    def work(self, pk: int) -> None:
        """What the process does: check or import, as the row says, and set the row's final state whatever happens."""
        job = self.model._default_manager.select_related("sent_by").get(pk=pk)
        if job.state not in UploadJob.RUNNING:
            return
        done = State.DONE if job.state == State.IMPORTING else State.CHECKED
        try:
            sender = cast("User | None", job.sent_by)
            report = self.run(job, self.require(sender))
        except (ImportRefusedError, UnreadableFileError) as error:
            self._end(job, State.FAILED, message=str(error)[:500])
        except PermissionDenied:
            self._end(job, State.FAILED, message="送った人に、今は取り込む役割がありません。")
        except Exception:
            logger.exception("%s_failed import=%d", self.name, job.pk)
            self._end(job, State.FAILED, message="思わぬ誤りで止まりました。サーバーの記録を見てください。")
        else:
            self._end(job, done, report=report.as_json(), done_bytes=job.size)

    def forget_old(self) -> None:
        """Drop the jobs that nobody decided on within KEEP."""
        old = self.model._default_manager.filter(sent_at__lt=clock.now() - KEEP)
        for job in old.filter(state__in=(State.CHECKED, *UploadJob.RUNNING)):
            if job.move(State.DROPPED, from_=(job.state,)):
                path_of(job).unlink(missing_ok=True)

    def require(self, by: User | None) -> User:
        """`by`; raises PermissionDenied unless they may import. A job whose sender's account is gone is nobody's."""
        if by is None or not self.may_import(by):
            raise PermissionDenied
        return by

    def _restart(self, job: Job, state: str, from_: tuple[str, ...], **values: object) -> bool:
        moved = job.move(state, from_=from_, done_bytes=0, **values)
        if moved:
            self.start(job)
        return moved

    def _end(self, job: Job, state: str, **values: object) -> None:
        job.move(state, from_=UploadJob.RUNNING, **values)
        if state != State.CHECKED:
            path_of(job).unlink(missing_ok=True)
