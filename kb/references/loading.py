"""Records from a file into kb.Reference, in batches, never whole in memory; the same walk without `commit` is the dry run.

A text is known again by (source, id): what is as it was is left alone, what differs is changed and keeps its public
id, nothing is taken in twice, and what the file no longer holds stays. Each batch is one transaction, so an import
that is killed is finished by running it again. Search hears of every row by ``post_save``, which bulk inserts do not
send and this module therefore does. It refuses to import into a source that is withdrawn, to change a text's own
withdrawal, and to read a file's fields (``kb.references.fields``) or lines (``kb.references.json_lines``) itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import router, transaction
from django.db.models.signals import post_save

from kb.items.identifiers import draw_public_ids
from kb.markdown.rendering import render_lot
from kb.models import Reference, ReferenceSource
from kb.references.fields import Record, RefusalError, record_from
from kb.references.json_lines import Line, RecordFile, Refused
from kb.references.sources import SourceFacts, may_manage, settle
from organization import audit, clock
from organization.fiscal import fiscal_year
from organization.models import User

BATCH = 200
WORD_EVERY = 2_000
TITLES_SHOWN = 5
#: So many refused lines stand in a report by number and reason; the command prints every one as it comes.
REFUSED_KEPT = 1_000
COLUMNS = tuple(f.name for f in fields(Record) if f.name != "external_id")


class ImportRefusedError(Exception):
    """The import as a whole cannot begin; the message is Japanese and says what to do."""


@dataclass
class Report:
    """How far it is and what was found. A dry run says what would be."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    #: Rows of the source that the file does not hold, and taken lines that name no licence of their own.
    absent: int = 0
    unlicensed: int = 0
    new_titles: list[str] = field(default_factory=list)
    changed_titles: list[str] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return self.new + self.changed + self.unchanged

    def refuse(self, line: Refused) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSED_KEPT:
            self.refusals.append(line)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _ignore(*_: Any) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Import:
    """One file into one source. `seen` is told of the report after each batch, with bytes read and bytes in all."""

    path: Path
    facts: SourceFacts
    by: User | None = None
    commit: bool = False
    max_bytes: int | None = None
    seen: Callable[[Report, int, int], None] = _ignore
    refused: Callable[[Refused], None] = _ignore


def run(job: Import) -> Report:
    """Walk the file; raises ImportRefusedError or UnreadableFileError, where nothing more can be done.

    What a file that turns out unreadable later held before that place is kept: each batch stands by itself.
    """
    if not may_manage(job.by):
        raise PermissionDenied
    source = _checked_source(job.facts)
    file = RecordFile(job.path, max_bytes=job.max_bytes)
    report = Report()
    if file.encoding != "utf-8":
        report.notes.append(
            "文字コードはCP932（シフトJIS）として読みました。文字化けがないか、件名を確かめてください。"
        )
    for batch in _batches(file, report, job):
        if job.commit and batch and not report.accepted:
            # With the first good line: a file of none leaves no empty source behind.
            source = settle(facts=job.facts, by=job.by)
        _take(batch, source, report, commit=job.commit)
        job.seen(report, file.position, file.size)
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


def _batches(file: RecordFile, report: Report, job: Import) -> Iterator[list[Record]]:
    """The good lines of the file, some at a time, in its order. A batch may be empty."""
    batch: list[Record] = []
    first_lines = _FirstLines()
    for count, line in enumerate(file, 1):
        try:
            batch.append(_record(line, first_lines))
        except RefusalError as refusal:
            refused = Refused(line.number, str(refusal))
            report.refuse(refused)
            job.refused(refused)
        # Also where there is nothing good, so that whoever watches hears of a long row of bad lines.
        if len(batch) >= BATCH or count % WORD_EVERY == 0:
            yield batch
            batch = []
    yield batch


def _record(line: Line | Refused, first_lines: _FirstLines) -> Record:
    if isinstance(line, Refused):
        raise RefusalError(line.reason)
    record = record_from(line.value)
    if first := first_lines.add(record.external_id, line.number):
        raise RefusalError(f"id「{record.external_id}」は{first:,}行目と同じです。先の行だけを使います。")
    return record


class _FirstLines:
    """On which line each id stood first. The one thing that grows with the file: 160 bytes a line."""

    def __init__(self) -> None:
        self.lines: dict[int, int] = {}

    def add(self, external_id: str, line: int) -> int:
        """0, or the line that had this id before."""
        key = int.from_bytes(blake2b(external_id.encode(), digest_size=8).digest())
        first = self.lines.setdefault(key, line)
        return 0 if first == line else first


def _take(batch: list[Record], source: ReferenceSource | None, report: Report, *, commit: bool) -> None:
    """Compare a batch with the rows that stand, count, and write what differs."""
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
    report.new += len(new)
    report.changed += len(altered)
    report.unchanged += len(batch) - len(new) - len(altered)
    report.unlicensed += sum(not record.licence for record in batch)
    report.new_titles += [record.title for record in new[: TITLES_SHOWN - len(report.new_titles)]]
    report.changed_titles += [record.title for record in altered[: TITLES_SHOWN - len(report.changed_titles)]]
    if not commit or source is None:
        return
    texts = {r.external_id: r.text for r in (*new, *altered) if "text" in changed.get(r.external_id, COLUMNS)}
    html = render_lot(texts)  # outside the transaction: it takes the time that others would wait
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
    """With each given column, what is made from it."""
    made = {"text": "html", "occurred_on": "fiscal_year"}
    return {*names, *(made[name] for name in names if name in made)}


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
        rows, update_conflicts=True, unique_fields=["source", "external_id"],
        update_fields=[*_stored(list(COLUMNS)), "imported_at"],
    )  # fmt: skip
    using = router.db_for_write(Reference)
    for row in rows:
        post_save.send(Reference, instance=row, created=True, raw=False, using=using, update_fields=None)


def _close(job: Import, source: ReferenceSource | None, report: Report) -> None:
    if not report.accepted and not report.refused:
        report.notes.append("ファイルに事例が1件もありません（空の行だけです）。")
    if report.refused > len(report.refusals):
        report.notes.append(f"取り込めない行は、はじめの{REFUSED_KEPT:,}行だけを示しています。")
    if report.unlicensed and not (job.facts.licence or (source.licence if source is not None else "")):
        report.notes.append("利用条件が空です。再利用してよいか読む人に分かるように、利用条件を指定してください。")
    if source is None:
        return
    before = 0 if job.commit else report.new
    report.absent = max(0, source.references.count() + before - report.accepted)
    if job.commit and (report.new or report.changed):
        counts = {name: getattr(report, name) for name in ("new", "changed", "unchanged", "refused")}
        audit.record(actor=job.by, action="references.imported", obj=source, after=counts)
