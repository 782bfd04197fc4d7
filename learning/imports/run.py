"""Courses, records and past completions from a file, in batches; the same walk without `commit` is the dry run.

A row is known again by its key (``import_rows.key_of``): what is as it was is left alone, what differs is changed, and
nothing is taken in twice. Bad rows are named by row and column and lose no good ones; rows whose person is not known
wait in a list. Each batch is one transaction, so an import that is killed is finished by running it again. It refuses
to read files (``learning.imports.readers``), to judge cells (``import_rows``) and to know what a kind becomes (``import_kinds``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from learning.access import permissions
from learning.imports import unmatched
from learning.imports.fields import FIELDS, is_heading, mapped, missing
from learning.imports.loaders import TARGETS, Batch, count, title_of
from learning.imports.readers import Refused, Table, UnreadableTableError, letter, opened
from learning.imports.rows import Line, Shape, key_of
from learning.models import Kind, TrainingSource
from organization import audit, clock
from organization.models import User

__all__ = ["Import", "ImportRefusedError", "Report", "UnreadableTableError", "run"]

BATCH = 500
SHOWN = 5
#: So many refused cells and waiting rows stand in a report; the command prints every one as it comes.
KEPT = 500


class ImportRefusedError(Exception):
    """The import as a whole cannot begin; the message is Japanese and says what to do."""


@dataclass
class Report:
    """How far it is and what was found. A dry run says what would be. All counts are rows."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    waiting: int = 0
    #: Rows that the office has said it does not want.
    dropped: int = 0
    examples: int = 0
    free: int = 0
    open_still: int = 0
    header_row: int = 0
    #: (letter, heading, field or "") of each column, in order.
    columns: list[tuple[str, str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    new_titles: list[str] = field(default_factory=list)
    changed_titles: list[str] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    waiters: list[Refused] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return self.new + self.changed + self.unchanged

    @property
    def mapping(self) -> dict[str, str]:
        return {heading: name for _, heading, name in self.columns}

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _ignore(*_: Any) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Import:
    """One file from one source. `seen` is told of the report after each batch, with how much of how much was read."""

    path: Path
    source: str
    kind: str = ""
    label: str = ""
    #: What its sender calls the file, where it is stored under another name.
    called: str = ""
    #: Headings and fields, over what the source remembers and what is guessed.
    mapping: Mapping[str, str] | None = None
    by: User | None = None
    commit: bool = False
    seen: Callable[[Report, int, int], None] = _ignore
    refused: Callable[[Refused], None] = _ignore


def may_import(user: User | None) -> bool:
    """The training office; None is whoever may run commands on the server."""
    return user is None or permissions.is_office(user)


def run(job: Import) -> Report:
    """Walk the file; raises ImportRefusedError or UnreadableTableError, where nothing more can be done."""
    if not may_import(job.by):
        raise PermissionDenied
    source = _checked_source(job)
    table = opened(job.path, is_heading=lambda heading: is_heading(source.kind, heading), called=job.called)
    report = Report(header_row=table.header_row, notes=table.notes)
    mapping = mapped(source.kind, table.header, {**source.mapping, **_asked(job, source.kind, table.header)})
    report.columns = [(letter(n), name, mapping[name]) for n, name in enumerate(table.header) if name]
    report.missing = missing(source.kind, mapping)
    if report.missing:
        if job.commit:
            raise ImportRefusedError(
                f"「{'」「'.join(report.missing)}」の列が分かりません。列と項目を対応させてください。"
            )
        return report
    shape = Shape(source.kind, table.header, mapping)
    people: set[int] = set()
    courses: set[int] = set()
    try:
        for lines in _batches(table, shape, source, report, job):
            if job.commit and lines and source.pk is None:
                source.save()  # with the first good row: a file of none leaves no empty source behind
            batch = _take(lines, source, report, job)
            people |= batch.people
            courses |= batch.courses
            job.seen(report, table.position, table.size)
    finally:
        if job.commit:  # also of a file that breaks off in the middle: what was written counts
            count(people, courses)
    _close(job, source, mapping, report)
    return report


def _checked_source(job: Import) -> TrainingSource:
    source = TrainingSource.objects.filter(name=job.source).first()
    if source is None:
        if not job.kind:
            raise ImportRefusedError(
                "はじめての取込元です。種類（--kind courses・records・completions）を指定してください。"
            )
        source = TrainingSource(name=job.source, kind=job.kind, label=job.label or job.source)
    elif job.kind and job.kind != source.kind:
        raise ImportRefusedError(
            f"取込元「{source.name}」は「{source.get_kind_display()}」の取込元です。種類を合わせるか、別のコードにしてください。"
        )
    source.label = job.label or source.label
    try:
        source.clean_fields()
    except ValidationError as error:
        raise ImportRefusedError("取込元の指定を直してください。" + " ".join(error.messages)) from error
    return source


def _asked(job: Import, kind: str, header: tuple[str, ...]) -> dict[str, str]:
    """What was said of the columns, checked: headings of this file, fields of this kind, none twice."""
    asked = dict(job.mapping or {})
    names = {one.name for one in FIELDS[kind]}
    if unknown := [heading for heading in asked if heading not in header]:
        raise ImportRefusedError(f"見出し「{unknown[0][:40]}」がファイルにありません。見出しを確かめてください。")
    if wrong := [name for name in asked.values() if name and name not in names]:
        raise ImportRefusedError(
            f"項目「{wrong[0][:40]}」はありません。{'・'.join(sorted(names))} のどれかにしてください。"
        )
    used = [name for name in asked.values() if name]
    if len(used) != len(set(used)):
        raise ImportRefusedError("同じ項目に二つの列を対応させています。一つにしてください。")
    return asked


Keyed = list[tuple[str, Line]]


def _batches(table: Table, shape: Shape, source: TrainingSource, report: Report, job: Import) -> Iterator[Keyed]:
    """The good rows of the file with their keys, some at a time. A batch may be empty."""
    batch: Keyed = []
    first_rows = _FirstRows()
    for nth, row in enumerate(table.rows, 1):
        line = shape.read(row)
        if line is None:
            report.examples += 1
        elif isinstance(line, list):
            _refuse(report, job, line)
        else:
            key = key_of(source.kind, source.name, line.values)
            if first := first_rows.add(key, line.number):
                name = (
                    "code" if source.kind == Kind.COURSES else "external_id" if line.values.get("external_id") else ""
                )
                _refuse(
                    report, job, [line.refused(name, f"{first:,}行目と同じものです（重複）。先の行だけを使います。")]
                )
            else:
                batch.append((key, line))
        if len(batch) >= BATCH or nth % (4 * BATCH) == 0:
            yield batch
            batch = []
    yield batch


def _refuse(report: Report, job: Import, wrong: list[Refused]) -> None:
    """Count a row, and keep what is wrong with its cells."""
    report.refused += 1
    report.refusals += wrong[: max(0, KEPT - len(report.refusals))]
    for one in wrong:
        job.refused(one)


class _FirstRows:
    """On which row each key stood first. The one thing that grows with the file: 160 bytes a row."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}

    def add(self, key: str, row: int) -> int:
        """0, or the row that had this key before."""
        digest = int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
        first = self.rows.setdefault(digest, row)
        return 0 if first == row else first


def _take(lines: Keyed, source: TrainingSource, report: Report, job: Import) -> Batch:
    """Plan a batch and, where told, write it; a row that another import wrote meanwhile is planned again once."""
    batch = Batch()
    for last in (False, True):
        target = TARGETS[source.kind]()
        batch = target.plan(lines, unmatched.known(source, [key for key, _ in lines]))
        dropped = unmatched.dropped(wait.key for wait in batch.waiting)
        if not job.commit:
            break
        try:
            with transaction.atomic():
                target.save(batch)
                unmatched.keep([wait for wait in batch.waiting if wait.key not in dropped], source)
                unmatched.found(batch.found)
            break
        except IntegrityError:
            if last:
                raise
    _count(batch, dropped, report, job)
    return batch


def _count(batch: Batch, dropped: set[str], report: Report, job: Import) -> None:
    report.new += len(batch.new)
    report.changed += len(batch.changed)
    report.unchanged += batch.unchanged
    report.dropped += len(dropped)
    report.free += batch.free
    report.open_still += batch.open_still
    for refusal in batch.refused:
        _refuse(report, job, [refusal])
    for wait in batch.waiting:
        if wait.key in dropped:
            continue
        report.waiting += 1
        said = wait.line.refused("staff_no", wait.reason)
        job.refused(said)
        if len(report.waiters) < KEPT:
            report.waiters.append(said)
    report.new_titles += [title_of(row) for row in batch.new[: SHOWN - len(report.new_titles)]]
    report.changed_titles += [title_of(row) for row, _ in batch.changed[: SHOWN - len(report.changed_titles)]]


def _close(job: Import, source: TrainingSource, mapping: dict[str, str], report: Report) -> None:
    notes = report.notes
    if not report.accepted and not report.refused and not report.waiting:
        notes.append("見出しの下に行がありません。表の中身を確かめてください。")
    if report.examples:
        notes.append(f"「（例）」で始まる行が{report.examples:,}行ありました。例として、読んでいません。")
    if report.free:
        notes.append(
            f"目録にない研修が{report.free:,}行あります。名称のまま取り込みます（目録に足すと、次の取込みでつながります）。"
        )
    if report.open_still:
        notes.append(f"同じ学習パスを今も学んでいる人が{report.open_still:,}行あります。その割当は、そのまま残ります。")
    if report.dropped:
        notes.append(f"前に「取り込まない」とした行が{report.dropped:,}行あります。今回も取り込みません。")
    if len(report.refusals) >= KEPT or len(report.waiters) >= KEPT:
        notes.append(f"取り込めない所は、はじめの{KEPT:,}か所だけを示しています。")
    if not job.commit or source.pk is None:
        return
    with transaction.atomic():
        source.mapping = {**source.mapping, **mapping}
        source.changed_at = clock.now()
        source.save()
        counts = {name: getattr(report, name) for name in ("new", "changed", "unchanged", "refused", "waiting")}
        audit.record(actor=job.by, action="training.imported", obj=source, after={"kind": source.kind, **counts})
