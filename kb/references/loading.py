"""Imports records from a file into kb.Reference, in batches. Without `commit` it is a dry run.

A text is identified by source and id: an equal one is left alone, a different one is changed and keeps its public id,
nothing is imported twice, and what the file no longer holds stays. Each batch is one transaction, so an import that
was killed is finished by running it again. Bulk inserts send no ``post_save``, so this module sends it and search
hears of every row. Refuses to import into a withdrawn source, and to change a text's own withdrawal.
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
from kb.models.identifiers import draw_public_ids
from kb.references.fields import Record, RefusalError, record_from
from kb.references.sources import SourceFacts, may_manage, save_source
from organization import audit, clock
from organization.fiscal import fiscal_year
from organization.models import User

BATCH = 200
COLUMNS = tuple(f.name for f in fields(Record) if f.name != "external_id")


@dataclass
class ReferenceReport(Report):
    """The counts of every import, and two of this one."""

    MAX_REFUSALS = 1_000

    #: Rows of the source that the file does not hold, and accepted lines that name no licence of their own.
    absent: int = 0
    unlicensed: int = 0


@dataclass(frozen=True)
class Import:
    """One file into one source. The observer is told after each batch, with bytes read and bytes in all."""

    path: Path
    facts: SourceFacts
    by: User | None = None
    commit: bool = False
    max_bytes: int | None = None
    observer: Observer = field(default_factory=Observer)


def run(job: Import) -> ReferenceReport:
    """Walk the file. Raises ImportRefusedError or UnreadableFileError where nothing more can be done.

    Where a file breaks off in the middle, the batches before that place are kept.
    """
    if not may_manage(job.by):
        raise PermissionDenied
    source = _checked_source(job.facts)
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
            # With the first good line: a file of none leaves no empty source behind.
            source = save_source(facts=job.facts, by=job.by)
        _take(batch, source, report, commit=job.commit)
        job.observer.progress(report, file.position, file.size)
    _close(job, source, report)
    return report


def _checked_source(facts: SourceFacts) -> ReferenceSource | None:
    try:
        facts.check()
    except ValidationError as error:
        raise ImportRefusedError(
            "出典コード（--source）か、出典の指定を直してください。" + " ".join(error.messages)
        ) from error
    source = ReferenceSource.objects.filter(name=facts.name).first()
    if source is not None:
        _require_standing(source)
    return source


def _require_standing(source: ReferenceSource) -> None:
    if source.withdrawn:
        raise ImportRefusedError(
            f"出典「{source.label}」は取り下げています。先に、管理画面で取り下げを戻してください。"
        )


def _records(lines: JsonLines) -> Iterator[tuple[int, Record] | list[Refusal]]:
    """Each line's number and record, or why it is refused."""
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


def _take(batch: list[Record], source: ReferenceSource | None, report: ReferenceReport, *, commit: bool) -> None:
    """Compare a batch with the stored rows, count, and write what differs."""
    ids = [record.external_id for record in batch]
    rows = Reference.objects.filter(source=source, external_id__in=ids).defer("html") if source is not None else ()
    standing = {row.external_id: row for row in rows}
    new = [record for record in batch if record.external_id not in standing]
    changed = {
        record.external_id: names
        for record in batch
        if (row := standing.get(record.external_id)) and (names := _differing(row, record))
    }
    altered = [record for record in batch if record.external_id in changed]
    report.add(
        new=new,
        changed=altered,
        unchanged=len(batch) - len(new) - len(altered),
        title=lambda record: record.title,
    )
    report.unlicensed += sum(not record.licence for record in batch)
    if not commit or source is None:
        return
    texts = {r.external_id: r.text for r in (*new, *altered) if "text" in changed.get(r.external_id, COLUMNS)}
    html = render_rows(texts)  # outside the transaction: it takes the time that others would wait
    with transaction.atomic():
        # As it stands now: it may have been closed to some readers, or withdrawn, since the import began.
        source = ReferenceSource.objects.select_for_update().get(pk=source.pk)
        _require_standing(source)
        _insert(source, new, html)
        for record in altered:
            row = standing[record.external_id]
            _fill(row, record, html.get(record.external_id))
            # One statement a row, which tells search by itself; bulk_update takes as long and tells nobody.
            row.save(update_fields=[*_stored(changed[record.external_id]), "imported_at"])


def _differing(row: Reference, record: Record) -> list[str]:
    return [name for name in COLUMNS if _value(record, name) != getattr(row, name)]


def _value(record: Record, name: str) -> Any:
    return list(record.keywords) if name == "keywords" else getattr(record, name)


def _stored(names: list[str]) -> set[str]:
    """The given columns and those derived from them."""
    derived = {"text": "html", "occurred_on": "fiscal_year"}
    return {*names, *(derived[name] for name in names if name in derived)}


def _fill(row: Reference, record: Record, html: str | None) -> None:
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
        _fill(row, record, html[record.external_id])
        rows.append(row)
    # Where another import put the same id in meanwhile, its row is changed and keeps its public id.
    Reference.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["source", "external_id"],
        update_fields=[*_stored(list(COLUMNS)), "imported_at"],
    )
    using = router.db_for_write(Reference)
    for row in rows:
        post_save.send(Reference, instance=row, created=True, raw=False, using=using, update_fields=None)


def _close(job: Import, source: ReferenceSource | None, report: ReferenceReport) -> None:
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
