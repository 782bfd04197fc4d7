"""Imports records from a file into kb.Reference, in batches. Without `commit` the import is a dry run.

Source and id in the file together identify a reference. A reference that is equal to its record is left alone. A
reference that differs is changed and keeps its public id. A reference that is missing from the file stays. Each batch
is one transaction, so running a killed import again completes it. Bulk inserts send no ``post_save``, but search needs
this signal, so this module sends it for every row. An import into a withdrawn source is refused. An import never
changes whether a single reference is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import router, transaction
from django.db.models.signals import post_save

from imports.batches import Batches, Observer
from imports.json_lines import JsonLines
from imports.report import ImportRefusedError, Refusal, Report
from kb.markdown.rendering import render_rows
from kb.models import Reference, ReferenceSource
from kb.models.items.identifiers import draw_public_ids
from kb.references.fields import Record, RefusalError, record_from
from kb.references.sources import SourceFacts, may_manage, save_source
from organization import audit, clock
from organization.fiscal import fiscal_year
from organization.models import User

BATCH = 200
COLUMNS = tuple(column.name for column in fields(Record) if column.name != "external_id")


@dataclass
class ReferenceReport(Report):
    """The counts that every import has, and two more counts."""

    MAX_REFUSALS = 1_000

    #: `absent` counts stored references of the source that are missing from the file. `unlicensed` counts accepted
    #: lines without a licence of their own.
    absent: int = 0
    unlicensed: int = 0


@dataclass(frozen=True)
class ImportJob:
    """One file to import into one source. After each batch, the observer is called with the bytes read and the total
    bytes.

    `by` is None for a command on the server. `max_bytes` limits the unpacked size of the file.
    """

    path: Path
    facts: SourceFacts
    by: User | None = None
    commit: bool = False
    max_bytes: int | None = None
    observer: Observer = field(default_factory=Observer)


def import_references(job: ImportJob) -> ReferenceReport:
    """Imports the file, or only checks it (without `commit`). Returns the report.

    Raises PermissionDenied if `by` may not manage sources, ImportRefusedError if the source is wrong or withdrawn, and
    UnreadableFileError if the file cannot be read. If the file breaks off in the middle, the batches before that place
    remain imported.
    """
    if not may_manage(job.by):
        raise PermissionDenied
    source = _find_source(job.facts)
    file = JsonLines(job.path, max_bytes=job.max_bytes)
    report = ReferenceReport()
    if file.encoding != "utf-8":
        report.notes.append(
            "文字コードはCP932（シフトJIS）として読みました。文字化けがないか、件名を確かめてください。"
        )
    batches = Batches(
        rows=_records(file),
        key=lambda row: row[1].external_id,
        number=lambda row: row[0],
        duplicate=_duplicate,
        report=report,
        size=BATCH,
        observer=job.observer,
    )
    for lines in batches:
        batch = [record for _, (_, record) in lines]
        if job.commit and batch and not report.accepted:
            # The source is created with the first valid line. So a file without any valid line creates no empty source.
            source = save_source(facts=job.facts, by=job.by)
        _import_batch(batch, source, report, commit=job.commit)
        job.observer.progress(report, file.position, file.size)
    _finish(job, source, report)
    return report


def _find_source(facts: SourceFacts) -> ReferenceSource | None:
    try:
        facts.check()
    except ValidationError as error:
        raise ImportRefusedError(
            "出典コード（--source）か、出典の指定を直してください。" + " ".join(error.messages)
        ) from error
    source = ReferenceSource.objects.filter(name=facts.name).first()
    if source is not None:
        _refuse_withdrawn(source)
    return source


def _refuse_withdrawn(source: ReferenceSource) -> None:
    if source.withdrawn:
        raise ImportRefusedError(
            f"出典「{source.label}」は取り下げています。先に、管理画面で取り下げを戻してください。"
        )


def _records(lines: JsonLines) -> Iterator[tuple[int, Record] | list[Refusal]]:
    """Yields the number of each line with its record or its refusal."""
    for line in lines:
        if isinstance(line, Refusal):
            yield [line]
            continue
        try:
            yield line.number, record_from(line.value)
        except RefusalError as error:
            yield [Refusal(line.number, "", str(error))]


def _duplicate(row: tuple[int, Record], first: int) -> Refusal:
    number, record = row
    return Refusal(number, "", f"id「{record.external_id}」は{first:,}行目と同じです。先の行だけを使います。")


def _import_batch(
    batch: list[Record], source: ReferenceSource | None, report: ReferenceReport, *, commit: bool
) -> None:
    """Compares a batch with the stored rows and counts the differences. With `commit` it also writes the
    differences.
    """
    ids = [record.external_id for record in batch]
    rows = Reference.objects.filter(source=source, external_id__in=ids).defer("html") if source is not None else ()
    stored = {row.external_id: row for row in rows}
    new = [record for record in batch if record.external_id not in stored]
    changed = {
        record.external_id: names
        for record in batch
        if (row := stored.get(record.external_id)) and (names := _changed_columns(row, record))
    }
    to_update = [record for record in batch if record.external_id in changed]
    report.add(
        new=new,
        changed=to_update,
        unchanged=len(batch) - len(new) - len(to_update),
        title=lambda record: record.title,
    )
    report.unlicensed += sum(not record.licence for record in batch)
    if not commit or source is None:
        return
    to_render = [record for record in (*new, *to_update) if "text" in changed.get(record.external_id, COLUMNS)]
    # Rendering is slow, so it happens before the lock is taken.
    html = render_rows({record.external_id: record.text for record in to_render})
    with transaction.atomic():
        # The source is read again, because its audience or its withdrawal may have changed since the import began.
        source = ReferenceSource.objects.select_for_update().get(pk=source.pk)
        _refuse_withdrawn(source)
        _insert(source, new, html)
        for record in to_update:
            row = stored[record.external_id]
            _set_columns(row, record, html.get(record.external_id))
            # Each row is saved by a statement of its own, which sends post_save. bulk_update takes as long and sends no
            # signal.
            row.save(update_fields=[*_with_derived(changed[record.external_id]), "imported_at"])


def _changed_columns(row: Reference, record: Record) -> list[str]:
    return [name for name in COLUMNS if _value(record, name) != getattr(row, name)]


def _value(record: Record, name: str) -> Any:
    return list(record.keywords) if name == "keywords" else getattr(record, name)


def _with_derived(names: list[str]) -> set[str]:
    """Returns these columns together with the columns that are derived from them."""
    derived = {"text": "html", "occurred_on": "fiscal_year"}
    return {*names, *(derived[name] for name in names if name in derived)}


def _set_columns(row: Reference, record: Record, html: str | None) -> None:
    for name in COLUMNS:
        setattr(row, name, _value(record, name))
    row.fiscal_year = fiscal_year(record.occurred_on) if record.occurred_on else None
    row.imported_at = clock.now()
    if html is not None:
        row.html = html


def _insert(source: ReferenceSource, records: list[Record], html: dict[str, str]) -> None:
    if not records:
        return
    rows = []
    for record, public_id in zip(records, draw_public_ids(Reference.PREFIX, len(records)), strict=True):
        row = Reference(source=source, external_id=record.external_id, public_id=public_id, audience=source.audience)
        _set_columns(row, record, html[record.external_id])
        rows.append(row)
    # Another import may have inserted the same id in the meantime. Then this import updates that row, and the row keeps
    # its public id.
    Reference.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["source", "external_id"],
        update_fields=[*_with_derived(list(COLUMNS)), "imported_at"],
    )
    using = router.db_for_write(Reference)
    for row in rows:
        post_save.send(Reference, instance=row, created=True, raw=False, using=using, update_fields=None)


def _finish(job: ImportJob, source: ReferenceSource | None, report: ReferenceReport) -> None:
    if not report.accepted and not report.refused:
        report.notes.append("ファイルに事例が1件もありません（空の行だけです）。")
    if report.refused > len(report.refusals):
        report.notes.append(f"取り込めない行は、はじめの{report.MAX_REFUSALS:,}行だけを示しています。")
    if report.unlicensed and not (job.facts.licence or (source.licence if source is not None else "")):
        report.notes.append("利用条件が空です。再利用してよいか読む人に分かるように、利用条件を指定してください。")
    if source is None:
        return
    before = 0 if job.commit else report.new
    report.absent = max(0, source.references.count() + before - report.accepted)
    if job.commit and (report.new or report.changed):
        counts = {name: getattr(report, name) for name in ("new", "changed", "unchanged", "refused")}
        audit.record(actor=job.by, action="references.imported", obj=source, after=counts)
