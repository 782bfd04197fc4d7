"""Files of trainings that the training office sends in by the screen: stored, checked, taken in, off the request.

The work is the command's (``learning.imports.run``), done by a process of its own (``manage.py
import_training_sent``), which writes into the TrainingImport row how far it is (``kb.sent_files``). It refuses to read
the file on the request, but for its size.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile

from kb import sent_files
from kb.sent_files import Word, path_of
from learning.imports.run import Import, ImportRefusedError, UnreadableTableError, may_import, run
from learning.models import TrainingImport
from organization.models import User

State = TrainingImport.State
logger = logging.getLogger(__name__)


def receive(*, file: UploadedFile[bytes], source: str, kind: str, label: str, by: User) -> TrainingImport:
    """Store the file and begin its check."""
    _check(by)
    sent_files.forget_old(TrainingImport)
    path = sent_files.store(file)
    try:
        row = TrainingImport.objects.create(
            source_name=source, label=label, kind=kind, stored_as=path.name, size=path.stat().st_size, sent_by=by,
            called=sent_files.shown(file.name or ""),
        )  # fmt: skip
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    start(row)
    return row


def remap(*, row: TrainingImport, mapping: Mapping[str, str], by: User) -> bool:
    """Check once more, with other fields for the columns."""
    _check(by)
    moved = row.move(State.CHECKING, from_=(State.CHECKED,), mapping=dict(mapping), sent_by=by, done_bytes=0)
    if moved:
        start(row)
    return moved


def begin(*, row: TrainingImport, by: User) -> bool:
    """Take in what was checked; False where somebody else was quicker."""
    _check(by)
    # As it was checked: what the source has learned meanwhile does not move its columns.
    mapping = {heading: name for _, heading, name in row.report.get("columns", [])}
    moved = row.move(
        State.IMPORTING, from_=(State.CHECKED,), sent_by=by, done_bytes=0, report={}, mapping=mapping or row.mapping
    )
    if moved:
        start(row)
    return moved


def again(*, row: TrainingImport, by: User) -> bool:
    """Start the process anew where it has fallen silent. What it had taken in counts as unchanged."""
    _check(by)
    moved = row.is_stuck and row.move(row.state, from_=(row.state,), done_bytes=0, report={})
    if moved:
        start(row)
    return moved


def drop(*, row: TrainingImport, by: User) -> bool:
    """Throw the file away; what was taken in already stays."""
    _check(by)
    return sent_files.drop(row)


def start(row: TrainingImport) -> None:
    sent_files.start("import_training_sent", row.pk)


def _check(by: User | None) -> None:
    # A row without its sender (the account is gone) is nobody's: the system does not act in their place.
    if by is None or not may_import(by):
        raise PermissionDenied


def work(pk: int) -> None:
    """What the process does: check or take in, as the row says, and leave the row at its end whatever happens."""
    row = TrainingImport.objects.select_related("sent_by").get(pk=pk)
    if row.state not in TrainingImport.RUNNING:
        return
    commit = row.state == State.IMPORTING
    try:
        _check(row.sent_by)
        report = run(
            Import(
                path=path_of(row), source=row.source_name, kind=row.kind, label=row.label, mapping=row.mapping,
                called=row.called,
                by=row.sent_by, commit=commit, seen=Word(row),
            )
        )  # fmt: skip
    except (ImportRefusedError, UnreadableTableError) as error:
        sent_files.end(row, State.FAILED, message=str(error)[:500])
    except PermissionDenied:
        sent_files.end(row, State.FAILED, message="送った人に、今は取り込む役割がありません。")
    except Exception:
        logger.exception("training_import_failed import=%d", row.pk)
        sent_files.end(row, State.FAILED, message="思わぬ誤りで止まりました。サーバーの記録を見てください。")
    else:
        sent_files.end(row, State.DONE if commit else State.CHECKED, report=report.as_json(), done_bytes=row.size)
