"""``manage.py import_records``: JSON lines from elsewhere as references. Writes nothing unless told ``--commit``."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from kb.models.reference import IMPORT_AUDIENCES
from kb.references.json_lines import Refused, UnreadableFileError
from kb.references.loading import Import, ImportRefusedError, Report, run
from kb.references.sources import SourceFacts


class Command(BaseCommand):
    help = (
        "JSON Lines（.jsonl、.jsonl.gz）の事例を「外部の事例」として取り込みます。"
        "--commit を付けるまでは確かめるだけで、何も書き込みません。"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--source", required=True, metavar="NAME", help="出典コード（半角の英数字と - _）")
        parser.add_argument("--commit", action="store_true", help="確かめるだけでなく、取り込む")
        parser.add_argument("--label", default="", help="読む人に見せる出典の名前")
        parser.add_argument("--licence", default="", help="出典の利用条件（例：CC BY 4.0）")
        audiences = [str(code) for code, _ in IMPORT_AUDIENCES]
        parser.add_argument("--audience", default="", choices=["", *audiences], metavar="|".join(audiences))

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=cast("IO[str]", self.stdout._out), highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        name = "取込み" if options["commit"] else "確認"
        facts = SourceFacts(options["source"], options["label"], options["licence"], options["audience"])
        try:
            with Progress(*columns, console=console, disable=options["verbosity"] == 0) as bar:
                task = bar.add_task(name, total=None)

                def seen(report: Report, position: int, size: int) -> None:
                    bar.update(task, completed=position, total=size, description=f"{name} {report.accepted:,}件")

                def refused(line: Refused) -> None:
                    bar.console.print(f"  {line.number:,}行目：{line.reason}", markup=False, soft_wrap=True)

                report = run(
                    Import(
                        path=options["file"], facts=facts, commit=options["commit"], seen=seen,
                        refused=refused if options["verbosity"] else _say_nothing,
                    )
                )  # fmt: skip
        except (ImportRefusedError, UnreadableFileError) as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            self.stdout.write("\n".join(written(report, commit=options["commit"])))


def _say_nothing(line: Refused) -> None:
    """--verbosity 0."""


def written(report: Report, *, commit: bool) -> list[str]:
    """The report as lines; the refused ones were printed as they came."""
    done = "取り込みました" if commit else "確認だけです。まだ何も書き込んでいません"
    lines = [
        f"{done}。",
        f"  新しい事例 {report.new:,}件、変わった事例 {report.changed:,}件、"
        f"変わりなし {report.unchanged:,}件、取り込めない行 {report.refused:,}行",
    ]
    for called, titles in (("新しい事例", report.new_titles), ("変わった事例", report.changed_titles)):
        if titles:
            lines += [f"  {called}のはじめの{len(titles)}件", *(f"    ・{title}" for title in titles)]
    if report.absent:
        lines.append(f"  この出典の、ファイルにない {report.absent:,}件は、そのまま残しています。")
    lines += [f"  {note}" for note in report.notes]
    if not commit and (report.new or report.changed):
        lines.append("  取り込むには、同じコマンドに --commit を付けます。")
    return lines
