"""Files of references that the knowledge office sends in by the admin: stored, checked, and taken in, off the request.

A file lies under VAR_DIR/imports by a generated name. The work is the command's (``kb.importing``), done by a process
of its own (``manage.py import_uploaded``), which writes into the ReferenceImport row how far it is. It refuses to work
within a request, and to keep a file that is no longer needed.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import uuid
from datetime import timedelta
from pathlib import Path
from time import monotonic

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from kb.importing import Import, ImportRefusedError, Report, run
from kb.models import ReferenceImport
from kb.record_lines import RecordFile, UnreadableFileError
from kb.sources import SourceFacts, may_manage
from organization import clock
from organization.models import User

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
KEEP = timedelta(days=14)
WORD_SECONDS = 1.0
State = ReferenceImport.State
logger = logging.getLogger(__name__)


def folder() -> Path:
    return Path(settings.VAR_DIR) / "imports"


def receive(*, file: UploadedFile[bytes], facts: SourceFacts, by: User) -> ReferenceImport:
    """Store the file and begin its check; raises UnreadableFileError where it is none of ours at first sight."""
    if not may_manage(by):
        raise PermissionDenied
    forget_old()
    folder().mkdir(parents=True, exist_ok=True)
    path = folder() / uuid.uuid4().hex
    try:
        with path.open("xb") as stored:
            for chunk in file.chunks():
                stored.write(chunk)
        size = RecordFile(path).size
        row = ReferenceImport.objects.create(
            source_name=facts.name, label=facts.label, licence=facts.licence, audience=facts.audience,
            stored_as=path.name, called=_shown(file.name or ""), size=size, sent_by=by,
        )  # fmt: skip
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    start(row)
    return row


def _shown(name: str) -> str:
    """A file's name for the screen alone: no byte of it becomes a path."""
    return name.encode("utf-8", "replace").decode().replace("\x00", "")[:200]


def begin(*, row: ReferenceImport, by: User) -> bool:
    """Take in what was checked; False where somebody else was quicker."""
    if not may_manage(by):
        raise PermissionDenied
    moved = row.move(State.IMPORTING, from_=(State.CHECKED,), sent_by=by, done_bytes=0, report={})
    if moved:
        start(row)
    return moved


def again(*, row: ReferenceImport, by: User) -> bool:
    """Start the process anew where it has fallen silent. What it had taken in counts as unchanged."""
    if not may_manage(by):
        raise PermissionDenied
    moved = row.is_stuck and row.move(row.state, from_=(row.state,), done_bytes=0, report={})
    if moved:
        start(row)
    return moved


def drop(*, row: ReferenceImport, by: User) -> bool:
    """Throw the file away; what was taken in already stays."""
    if not may_manage(by):
        raise PermissionDenied
    allowed = (State.CHECKED, *((row.state,) if row.is_stuck else ()))
    dropped = row.move(State.DROPPED, from_=allowed)
    if dropped:
        _path(row).unlink(missing_ok=True)
    return dropped


def start(row: ReferenceImport) -> None:
    """A process of its own, begun once the row is there for it to read; nobody waits for it but a thread."""
    transaction.on_commit(lambda: _start(row.pk))


def _start(pk: int) -> None:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "import_uploaded", str(pk)]
    command.append(f"--settings={settings.SETTINGS_MODULE}")  # not manage.py's default, which is the demo's
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL)  # noqa: S603 (our own command)
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay in the process table


def work(pk: int) -> None:
    """What the process does: check or take in, as the row says, and leave the row at its end whatever happens."""
    row = ReferenceImport.objects.select_related("sent_by").get(pk=pk)
    if row.state not in ReferenceImport.RUNNING:
        return
    commit = row.state == State.IMPORTING
    try:
        # A row without its sender (the account is gone) is nobody's: the system does not act in their place.
        if row.sent_by is None:
            raise PermissionDenied
        report = run(
            Import(
                path=_path(row), facts=facts_of(row), by=row.sent_by, commit=commit, max_bytes=MAX_UNPACKED_BYTES,
                seen=_Word(row),
            )
        )  # fmt: skip
    except (ImportRefusedError, UnreadableFileError) as error:
        _end(row, State.FAILED, message=str(error)[:500])
    except PermissionDenied:
        _end(row, State.FAILED, message="送った人に、今は取り込む役割がありません。")
    except Exception:
        logger.exception("reference_import_failed import=%d", row.pk)
        _end(row, State.FAILED, message="思わぬ誤りで止まりました。サーバーの記録を見てください。")
    else:
        _end(row, State.DONE if commit else State.CHECKED, report=report.as_json(), done_bytes=row.size)


def _end(row: ReferenceImport, state: str, **values: object) -> None:
    row.move(state, from_=ReferenceImport.RUNNING, **values)
    if state != State.CHECKED:
        _path(row).unlink(missing_ok=True)


class _Word:
    """Writes the report so far into the row, at most once a second."""

    def __init__(self, row: ReferenceImport) -> None:
        self.row = row
        self.last = 0.0

    def __call__(self, report: Report, position: int, size: int) -> None:
        if monotonic() - self.last >= WORD_SECONDS:
            self.last = monotonic()
            ReferenceImport.objects.filter(pk=self.row.pk).update(
                report=report.as_json(), done_bytes=position, heard_at=clock.now()
            )


def facts_of(row: ReferenceImport) -> SourceFacts:
    return SourceFacts(row.source_name, row.label, row.licence, row.audience)


def _path(row: ReferenceImport) -> Path:
    return folder() / row.stored_as


def forget_old() -> None:
    """Files that nobody decided on for two weeks."""
    old = ReferenceImport.objects.filter(sent_at__lt=clock.now() - KEEP)
    for row in old.filter(state__in=(State.CHECKED, *ReferenceImport.RUNNING)):
        if row.move(State.DROPPED, from_=(row.state,)):
            _path(row).unlink(missing_ok=True)
