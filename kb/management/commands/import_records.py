"""``manage.py import_records``: imports JSON lines from outside the organisation as references. Without ``--commit`` it
writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.core.management.base import CommandParser

from imports.batches import Observer
from imports.commands import ImportCommand, title_lines
from imports.report import Report
from kb.models.reference import IMPORT_AUDIENCES
from kb.references.loading import ImportJob, ReferenceReport, import_references
from kb.references.sources import SourceFacts


class Command(ImportCommand):
    help = (
        "JSON Lines（.jsonl、.jsonl.gz）の事例を「外部の事例」として取り込みます。"
        "--commit を付けるまでは確かめるだけで、何も書き込みません。"
    )
    source_help = "出典コード（半角の英数字と - _）"
    label_help = "読む人に見せる出典の名前"
    counter = "件"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--licence", default="", help="出典の利用条件（例：CC BY 4.0）")
        audiences = [str(code) for code, _ in IMPORT_AUDIENCES]
        parser.add_argument("--audience", default="", choices=["", *audiences], metavar="|".join(audiences))

    def run_import(self, options: Mapping[str, Any], observer: Observer) -> Report:
        facts = SourceFacts(options["source"], options["label"], options["licence"], options["audience"])
        return import_references(
            ImportJob(path=options["file"], facts=facts, commit=options["commit"], observer=observer)
        )

    def written(self, report: Report, options: Mapping[str, Any]) -> list[str]:
        counts, commit = cast("ReferenceReport", report), options["commit"]
        done = "取り込みました" if commit else "確認だけです。まだ何も書き込んでいません"
        lines = [
            f"{done}。",
            f"  新しい事例 {counts.new:,}件、変わった事例 {counts.changed:,}件、"
            f"変わりなし {counts.unchanged:,}件、取り込めない行 {counts.refused:,}行",
            *title_lines("新しい事例", "変わった事例", counts),
        ]
        if counts.absent:
            lines.append(f"  この出典の、ファイルにない {counts.absent:,}件は、そのまま残しています。")
        lines += [f"  {note}" for note in counts.notes]
        if not commit and (counts.new or counts.changed):
            lines.append("  取り込むには、同じコマンドに --commit を付けます。")
        return lines
