"""Uploaded files: they are stored under a generated name, imported by a separate process, and then deleted.

Each kind of import has one `Uploads` object. Its views and its process use this object. No file is imported within a
request, and no file is kept when nobody needs it any more.
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
#: A checked file is deleted after this time if nobody imports or drops it.
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
    """Writes the file under a generated name. If this fails, nothing is left on the disk."""
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
    """Returns the file's name in a form that can be shown. It is never used as a path."""
    return name.encode("utf-8", "replace").decode().replace("\x00", "")[:200]


def start_process(command: str, pk: int) -> None:
    """Starts ``manage.py COMMAND PK`` in a separate process. A thread waits for the end of the process. The request
    does not wait."""
    arguments = [sys.executable, str(settings.BASE_DIR / "manage.py"), command, str(pk)]
    arguments.append(f"--settings={settings.SETTINGS_MODULE}")  # the default settings of manage.py are the demo's
    process = subprocess.Popen(arguments, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL)  # noqa: S603 (our own command)
    threading.Thread(target=process.wait, daemon=True).start()  # otherwise the process would stay in the process table


class ProgressReporter:
    """A progress callback. It writes the report into the job's row, at most once a second."""

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

    `name` is the URL name of a job's page and the prefix of its log event. `command` is the management command that
    calls `work`. `may_import` decides who may upload. `run` checks or imports the file of one job and returns the
    report. Every method with the argument `by` raises PermissionDenied if this user may not import.
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
        """Returns the size of a stored file in bytes. A subclass may check the file here and raise
        UnreadableFileError."""
        return path.stat().st_size

    def receive(self, *, file: UploadedFile[bytes], by: User, **values: object) -> Job:
        """Stores the file and starts its check. `values` are the columns that the kind of import adds to the job.

        Raises UnreadableFileError if `measure` refuses the file.
        """
        self.require(by)
        self.drop_old()
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
        """Checks the file again with other `values`. Returns False if the job is no longer in a state in which this
        is possible."""
        self.require(by)
        return self._restart(job, State.CHECKING, (State.CHECKED,), sent_by=by, **values)

    def begin(self, *, job: Job, by: User, **values: object) -> bool:
        """Imports the checked file. Returns False if the job is no longer in a state in which this is possible."""
        self.require(by)
        return self._restart(job, State.IMPORTING, (State.CHECKED,), sent_by=by, report={}, **values)

    def again(self, *, job: Job, by: User) -> bool:
        """Starts the process again if it has died. Rows that it has already imported then count as unchanged."""
        self.require(by)
        return job.is_stuck and self._restart(job, job.state, (job.state,), report={})

    def drop(self, *, job: Job, by: User) -> bool:
        """Deletes the file. Rows that were already imported are kept."""
        self.require(by)
        dropped = job.move(State.DROPPED, from_=(State.CHECKED, *((job.state,) if job.is_stuck else ())))
        if dropped:
            path_of(job).unlink(missing_ok=True)
        return dropped

    def start(self, job: Job) -> None:
        """Starts the job's process when the row is committed, because the process reads the row."""
        transaction.on_commit(lambda: start_process(self.command, job.pk))

    def work(self, pk: int) -> None:
        """The work of the process. The state of the row decides whether the file is checked or imported.

        At the end, a final state is always set, also after an error.
        """
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

    def drop_old(self) -> None:
        """Drops the jobs that nobody imported or dropped within KEEP."""
        old = self.model._default_manager.filter(sent_at__lt=clock.now() - KEEP)
        for job in old.filter(state__in=(State.CHECKED, *UploadJob.RUNNING)):
            if job.move(State.DROPPED, from_=(job.state,)):
                path_of(job).unlink(missing_ok=True)

    def require(self, by: User | None) -> User:
        """Returns `by`. Raises PermissionDenied if `by` may not import, or if it is None because the sender's
        account was deleted."""
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
