"""Files of references that the knowledge office sends in by the admin: stored, checked, and taken in, off the request.

A file lies under VAR_DIR/imports by a generated name. The work is the command's (``kb.references.loading``), done by a process
of its own (``manage.py import_uploaded``), which writes into the ReferenceImport row how far it is. It refuses to work
within a request, and to keep a file that is no longer needed.
"""

from __future__ import annotations

import logging

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile

from kb import sent_files
from kb.models import ReferenceImport
from kb.references.json_lines import RecordFile, UnreadableFileError
from kb.references.loading import Import, ImportRefusedError, run
from kb.references.sources import SourceFacts, may_manage
from kb.sent_files import MAX_UPLOAD_BYTES, Word, path_of
from organization.models import User

__all__ = ["MAX_UPLOAD_BYTES", "again", "begin", "drop", "facts_of", "receive", "work"]

MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
State = ReferenceImport.State
logger = logging.getLogger(__name__)


def receive(*, file: UploadedFile[bytes], facts: SourceFacts, by: User) -> ReferenceImport:
    """Store the file and begin its check; raises UnreadableFileError where it is none of ours at first sight."""
    if not may_manage(by):
        raise PermissionDenied
    sent_files.forget_old(ReferenceImport)
    path = sent_files.store(file)
    try:
        size = RecordFile(path).size
        row = ReferenceImport.objects.create(
            source_name=facts.name, label=facts.label, licence=facts.licence, audience=facts.audience,
            stored_as=path.name, called=sent_files.shown(file.name or ""), size=size, sent_by=by,
        )  # fmt: skip
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    start(row)
    return row


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
    return sent_files.drop(row)


def start(row: ReferenceImport) -> None:
    sent_files.start("import_uploaded", row.pk)


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
                path=path_of(row), facts=facts_of(row), by=row.sent_by, commit=commit, max_bytes=MAX_UNPACKED_BYTES,
                seen=Word(row),
            )
        )  # fmt: skip
    except (ImportRefusedError, UnreadableFileError) as error:
        sent_files.end(row, State.FAILED, message=str(error)[:500])
    except PermissionDenied:
        sent_files.end(row, State.FAILED, message="送った人に、今は取り込む役割がありません。")
    except Exception:
        logger.exception("reference_import_failed import=%d", row.pk)
        sent_files.end(row, State.FAILED, message="思わぬ誤りで止まりました。サーバーの記録を見てください。")
    else:
        sent_files.end(row, State.DONE if commit else State.CHECKED, report=report.as_json(), done_bytes=row.size)


def facts_of(row: ReferenceImport) -> SourceFacts:
    return SourceFacts(row.source_name, row.label, row.licence, row.audience)
