"""``manage.py import_training``: courses, records, completions from xlsx or CSV. Writes only with ``--commit``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.core.management.base import CommandError, CommandParser

from imports.batches import Observer
from imports.commands import ImportCommand, title_lines
from imports.report import Report
from learning.imports.fields import field_of
from learning.imports.run import ImportOptions, TrainingReport, run
from learning.models import Kind, TrainingSource


class Command(ImportCommand):
    help = (
        "研修の目録・受講記録・学習パスの修了を、Excel（.xlsx）かCSVから取り込みます。"
        "--commit を付けるまでは確かめるだけで、何も書き込みません。"
    )
    source_help = "取込元コード（半角の英数字と - _）"
    label_help = "取込元の名前（例：人事課の研修台帳）"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--kind", default="", choices=["", *Kind.values], metavar="|".join(Kind.values))
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="見出し=FIELD",
            help="列の見出しと項目。何度でも。「見出し=」は読まない列",
        )

    def run_import(self, options: Mapping[str, Any], observer: Observer) -> Report:
        return run(
            ImportOptions(
                path=options["file"],
                source=options["source"],
                kind=options["kind"],
                label=options["label"],
                mapping=mapping_of(options["map"]),
                commit=options["commit"],
                observer=observer,
            )
        )

    def written(self, report: Report, options: Mapping[str, Any]) -> list[str]:
        counts = cast("TrainingReport", report)
        kind = options["kind"] or TrainingSource.objects.get(name=options["source"]).kind
        lines = _count_lines(counts, commit=options["commit"])
        lines.append(f"  見出しは{counts.header_row:,}行目です。")
        for column, heading, name in counts.columns:
            field = field_of(kind, name)
            lines.append(f"    {column}列「{heading}」→ {f'{field.label}（{name}）' if field else '読みません'}")
        lines += title_lines("新しい行", "変わった行", counts)
        if counts.waiting:
            lines.append("  職員が分からない行は、取り込んだ後に「職員が分からない行」の画面で決められます。")
        lines += [f"  {note}" for note in counts.notes]
        if not options["commit"] and (counts.new or counts.changed or counts.waiting):
            lines.append("  取り込むには、同じコマンドに --commit を付けます。")
        return lines


def _count_lines(counts: TrainingReport, *, commit: bool) -> list[str]:
    if counts.missing:
        return [f"「{'」「'.join(counts.missing)}」の列が分かりません。--map 見出し=項目 で指定してください。"]
    return [
        "取り込みました。" if commit else "確認だけです。まだ何も書き込んでいません。",
        f"  新しい行 {counts.new:,}、変わった行 {counts.changed:,}、変わりなし {counts.unchanged:,}、"
        f"取り込めない行 {counts.refused:,}、職員が分からない行 {counts.waiting:,}",
    ]


def mapping_of(words: list[str]) -> dict[str, str]:
    """The mapping from the values of `--map` (見出し=field). Raises CommandError for another form."""
    mapping: dict[str, str] = {}
    for word in words:
        heading, sign, name = word.rpartition("=")
        if not sign or not heading:
            raise CommandError(f"--map は「見出し=項目」の形で書きます（{word[:40]}）。")
        mapping[heading] = name
    return mapping
