"""``manage.py import_training``: courses, records, completions from xlsx or CSV. Writes nothing unless told ``--commit``."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from learning.imports.fields import field_of
from learning.imports.readers import Refused
from learning.imports.run import Import, ImportRefusedError, Report, UnreadableTableError, run
from learning.models import Kind


class Command(BaseCommand):
    help = (
        "研修の目録・受講記録・学習パスの修了を、Excel（.xlsx）かCSVから取り込みます。"
        "--commit を付けるまでは確かめるだけで、何も書き込みません。"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--source", required=True, metavar="NAME", help="取込元コード（半角の英数字と - _）")
        parser.add_argument("--kind", default="", choices=["", *Kind.values], metavar="|".join(Kind.values))
        parser.add_argument("--label", default="", help="取込元の名前（例：人事課の研修台帳）")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="見出し=FIELD",
            help="列の見出しと項目。何度でも。「見出し=」は読まない列",
        )
        parser.add_argument("--commit", action="store_true", help="確かめるだけでなく、取り込む")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=cast("IO[str]", self.stdout._out), highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        name = "取込み" if options["commit"] else "確認"
        try:
            with Progress(*columns, console=console, disable=options["verbosity"] == 0) as bar:
                task = bar.add_task(name, total=None)

                def seen(report: Report, position: int, size: int) -> None:
                    bar.update(task, completed=position, total=size, description=f"{name} {report.accepted:,}行")

                def refused(one: Refused) -> None:
                    place = f"{one.row:,}行目" + (f" {one.column}列" if one.column else "")
                    bar.console.print(f"  {place}：{one.reason}", markup=False, soft_wrap=True)

                report = run(
                    Import(
                        path=options["file"], source=options["source"], kind=options["kind"], label=options["label"],
                        mapping=asked(options["map"]), commit=options["commit"], seen=seen,
                        refused=refused if options["verbosity"] else _say_nothing,
                    )
                )  # fmt: skip
        except (ImportRefusedError, UnreadableTableError) as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            kind = options["kind"] or kind_of(options["source"])
            self.stdout.write("\n".join(written(report, kind, commit=options["commit"])))


def _say_nothing(one: Refused) -> None:
    """--verbosity 0."""


def kind_of(source: str) -> str:
    from learning.models import TrainingSource

    return TrainingSource.objects.get(name=source).kind


def asked(words: list[str]) -> dict[str, str]:
    """`見出し=field`, as often as given."""
    found: dict[str, str] = {}
    for word in words:
        heading, sign, name = word.rpartition("=")
        if not sign or not heading:
            raise CommandError(f"--map は「見出し=項目」の形で書きます（{word[:40]}）。")
        found[heading] = name
    return found


def written(report: Report, kind: str, *, commit: bool) -> list[str]:
    """The report as lines; what was refused was printed as it came."""
    if report.missing:
        lines = [f"「{'」「'.join(report.missing)}」の列が分かりません。--map 見出し=項目 で指定してください。"]
    else:
        lines = [
            "取り込みました。" if commit else "確認だけです。まだ何も書き込んでいません。",
            f"  新しい行 {report.new:,}、変わった行 {report.changed:,}、変わりなし {report.unchanged:,}、"
            f"取り込めない行 {report.refused:,}、職員が分からない行 {report.waiting:,}",
        ]
    lines.append(f"  見出しは{report.header_row:,}行目です。")
    for column, heading, name in report.columns:
        field = field_of(kind, name)
        lines.append(f"    {column}列「{heading}」→ {f'{field.label}（{name}）' if field else '読みません'}")
    for called, titles in (("新しい行", report.new_titles), ("変わった行", report.changed_titles)):
        if titles:
            lines += [f"  {called}のはじめの{len(titles)}件", *(f"    ・{title}" for title in titles)]
    if report.waiting:
        lines.append("  職員が分からない行は、取り込んだ後に「職員が分からない行」の画面で決められます。")
    lines += [f"  {note}" for note in report.notes]
    if not commit and (report.new or report.changed or report.waiting):
        lines.append("  取り込むには、同じコマンドに --commit を付けます。")
    return lines
