"""Imports courses, records and past completions from a file, in batches. Without `commit` it is a dry run.

A row is identified by its key (``rows.key_of``): an equal row is left alone, a different one is changed, and nothing is
imported twice. A bad row is reported with row and column and does not stop the others. A row whose person is unknown
waits in a list (``unmatched``). Each batch is one transaction, so running the import again completes one that was killed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from imports.batches import Batches, Observer
from imports.readers import open_table
from imports.report import ImportRefusedError, Refusal, Report
from imports.table import Table, letter
from learning.access import permissions
from learning.imports import unmatched
from learning.imports.fields import FIELDS, is_heading, map_headings, missing_fields
from learning.imports.loaders import LOADERS, Batch, count_courses, title_of
from learning.imports.rows import ImportLine, RowReader, key_of
from learning.models import Kind, TrainingSource
from organization import audit, clock
from organization.models import User

BATCH = 500


@dataclass
class TrainingReport(Report):
    """The report of a training import. The comments of ``loaders.Batch`` explain its counts."""

    waiting: int = 0
    #: Rows that the office dropped earlier.
    dropped: int = 0
    examples: int = 0
    free: int = 0
    open_still: int = 0
    header_row: int = 0
    #: (letter, heading, field or "") of each column, in order.
    columns: list[tuple[str, str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    waiters: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True)
class ImportOptions:
    """One file from one source. After each batch, the observer gets the report and the progress."""

    path: Path
    source: str
    kind: str = ""
    label: str = ""
    #: The original name of the file, if it is stored under another name.
    called: str = ""
    #: Field by heading. It overrides the mapping of the source and the guess.
    mapping: Mapping[str, str] | None = None
    by: User | None = None
    commit: bool = False
    observer: Observer = field(default_factory=Observer)


def may_import(user: User | None) -> bool:
    """Whether `user` belongs to the training office. None means a command on the server."""
    return user is None or permissions.is_office(user)


def run(options: ImportOptions) -> TrainingReport:
    """Import the file and return the report.

    Raises PermissionDenied, and ImportRefusedError or UnreadableFileError if the file or the options cannot be used.
    """
    if not may_import(options.by):
        raise PermissionDenied
    source = _checked_source(options)
    table = open_table(
        options.path, is_heading=lambda heading: is_heading(source.kind, heading), file_name=options.called
    )
    report = TrainingReport(header_row=table.header_row, notes=table.notes)
    mapping = map_headings(
        source.kind, table.header, {**source.mapping, **_checked_mapping(options, source.kind, table.header)}
    )
    report.columns = [(letter(n), name, mapping[name]) for n, name in enumerate(table.header) if name]
    report.missing = missing_fields(source.kind, mapping)
    if report.missing:
        if options.commit:
            raise ImportRefusedError(
                f"「{'」「'.join(report.missing)}」の列が分かりません。列と項目を対応させてください。"
            )
        return report
    people: set[int] = set()
    courses: set[int] = set()
    batches = _batches(table, RowReader(source.kind, table.header, mapping), source, report, options.observer)
    try:
        for lines in batches:
            if options.commit and lines and source.pk is None:
                source.save()  # only with the first good row, so that a file without one leaves no empty source
            batch = _load_batch(lines, source, commit=options.commit)
            people |= batch.people
            courses |= batch.courses
            _add_to_report(batch, report, batches)
            options.observer.progress(report, table.position, table.size)
    finally:
        if options.commit:  # also if the file cannot be read to its end, because the written rows count
            count_courses(people, courses)
    _finish(options, source, mapping, report)
    return report


def _checked_source(options: ImportOptions) -> TrainingSource:
    source = TrainingSource.objects.filter(name=options.source).first()
    if source is None:
        if not options.kind:
            raise ImportRefusedError(
                "はじめての取込元です。種類（--kind courses・records・completions）を指定してください。"
            )
        source = TrainingSource(name=options.source, kind=options.kind, label=options.label or options.source)
    elif options.kind and options.kind != source.kind:
        raise ImportRefusedError(
            f"取込元「{source.name}」は「{source.get_kind_display()}」の取込元です。種類を合わせるか、別のコードにしてください。"
        )
    source.label = options.label or source.label
    try:
        source.clean_fields()
    except ValidationError as error:
        raise ImportRefusedError("取込元の指定を直してください。" + " ".join(error.messages)) from error
    return source


def _checked_mapping(options: ImportOptions, kind: str, header: tuple[str, ...]) -> dict[str, str]:
    """The mapping of the options, after a check: headings of this file, fields of this kind, no field twice."""
    chosen = dict(options.mapping or {})
    names = {field.name for field in FIELDS[kind]}
    if unknown_headings := [heading for heading in chosen if heading not in header]:
        raise ImportRefusedError(
            f"見出し「{unknown_headings[0][:40]}」がファイルにありません。見出しを確かめてください。"
        )
    if unknown_fields := [name for name in chosen.values() if name and name not in names]:
        raise ImportRefusedError(
            f"項目「{unknown_fields[0][:40]}」はありません。{'・'.join(sorted(names))} のどれかにしてください。"
        )
    used = [name for name in chosen.values() if name]
    if len(used) != len(set(used)):
        raise ImportRefusedError("同じ項目に二つの列を対応させています。一つにしてください。")
    return chosen


def _batches(
    table: Table, reader: RowReader, source: TrainingSource, report: TrainingReport, observer: Observer
) -> Batches[ImportLine]:
    def lines() -> Iterator[ImportLine | list[Refusal] | None]:
        for row in table.rows:
            line = reader.read(row)
            report.examples += line is None
            yield line

    def duplicate(line: ImportLine, first: int) -> Refusal:
        external = "external_id" if line.values.get("external_id") else ""
        name = "code" if source.kind == Kind.COURSES else external
        return line.refused(name, f"{first:,}行目と同じものです（重複）。先の行だけを使います。")

    return Batches(
        rows=lines(),
        key=lambda line: key_of(source.kind, source.name, line.values),
        number=lambda line: line.number,
        duplicate=duplicate,
        report=report,
        size=BATCH,
        observer=observer,
    )


def _load_batch(lines: list[tuple[str, ImportLine]], source: TrainingSource, *, commit: bool) -> Batch:
    """Plan a batch and, with `commit`, write it. It is planned once more if another import wrote one of its rows meanwhile."""
    for last in (False, True):
        loader = LOADERS[source.kind]()
        batch = loader.plan(lines, unmatched.known_people(source, [key for key, _ in lines]))
        batch.set_aside(unmatched.dropped_keys(wait.key for wait in batch.waiting))
        if not commit:
            break
        try:
            with transaction.atomic():
                loader.save(batch)
                unmatched.store_waiting(batch.waiting, source)
                unmatched.resolve_matched(batch.matched)
            break
        except IntegrityError:
            if last:
                raise
    return batch


def _add_to_report(batch: Batch, report: TrainingReport, batches: Batches[ImportLine]) -> None:
    report.add(
        new=batch.new,
        changed=[row for row, _ in batch.changed],
        unchanged=batch.unchanged,
        title=title_of,
    )
    report.dropped += batch.dropped
    report.free += batch.free
    report.open_still += batch.open_still
    report.waiting += len(batch.waiting)
    for refusal in batch.refused:
        batches.refuse([refusal])
    for wait in batch.waiting:
        refusal = wait.line.refused("staff_no", wait.reason)
        batches.observer.refusal(refusal)
        if len(report.waiters) < report.MAX_REFUSALS:
            report.waiters.append(refusal)


def _finish(options: ImportOptions, source: TrainingSource, mapping: dict[str, str], report: TrainingReport) -> None:
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
    if max(len(report.refusals), len(report.waiters)) >= report.MAX_REFUSALS:
        notes.append(f"取り込めない所は、はじめの{report.MAX_REFUSALS:,}か所だけを示しています。")
    if not options.commit or source.pk is None:
        return
    with transaction.atomic():
        source.mapping = {**source.mapping, **mapping}
        source.changed_at = clock.now()
        source.save()
        counts = {name: getattr(report, name) for name in ("new", "changed", "unchanged", "refused", "waiting")}
        audit.record(actor=options.by, action="training.imported", obj=source, after={"kind": source.kind, **counts})
