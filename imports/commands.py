"""Base classes for the commands of imports: dry run without ``--commit``, a progress bar, refusals printed at once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, ClassVar, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from imports.batches import Observer
from imports.report import ImportRefusedError, Refusal, Report, UnreadableFileError
from imports.uploads import Uploads


class ImportCommand(BaseCommand):
    """``manage.py … FILE --source NAME [--label LABEL] [--commit]``. Without ``--commit`` nothing is written.

    A subclass adds its own options, runs the import, and turns the report into lines.
    """

    source_help: ClassVar[str]
    label_help: ClassVar[str]
    #: The Japanese counting word for the imported rows: 件 or 行.
    counter: ClassVar[str] = "行"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--source", required=True, metavar="NAME", help=self.source_help)
        parser.add_argument("--label", default="", help=self.label_help)
        parser.add_argument("--commit", action="store_true", help="確かめるだけでなく、取り込む")

    @abstractmethod
    def run_import(self, options: Mapping[str, Any], observer: Observer) -> Report:
        """Checks the file. With ``--commit``, imports it. May raise ImportRefusedError or UnreadableFileError."""

    @abstractmethod
    def written(self, report: Report, options: Mapping[str, Any]) -> list[str]:
        """Returns the report as lines. The refusals are left out, because they are already printed."""

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=cast("IO[str]", self.stdout._out), highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        name = "取込み" if options["commit"] else "確認"
        quiet = options["verbosity"] == 0
        try:
            with Progress(*columns, console=console, disable=quiet) as bar:
                task = bar.add_task(name, total=None)

                def progress(report: Report, position: int, size: int) -> None:
                    description = f"{name} {report.accepted:,}{self.counter}"
                    bar.update(task, completed=position, total=size, description=description)

                def refusal(refusal: Refusal) -> None:
                    if not quiet:
                        place = f"{refusal.row:,}行目" + (f" {refusal.column}列" if refusal.column else "")
                        bar.console.print(f"  {place}：{refusal.reason}", markup=False, soft_wrap=True)

                report = self.run_import(options, Observer(progress, refusal))
        except (ImportRefusedError, UnreadableFileError) as error:
            raise CommandError(str(error)) from error
        if not quiet:
            self.stdout.write("\n".join(self.written(report, options)))


def title_lines(new: str, changed: str, report: Report) -> list[str]:
    """Returns lines with the first new and the first changed titles. `new` and `changed` are the headings."""
    lines = []
    for label, titles in ((new, report.new_titles), (changed, report.changed_titles)):
        if titles:
            lines += [f"  {label}のはじめの{len(titles)}件", *(f"    ・{title}" for title in titles)]
    return lines


class WorkerCommand(BaseCommand):
    """The process that checks or imports one uploaded file. The web server starts it. People do not start it."""

    # The web server has already run the system checks. Here they would only delay the import.
    requires_system_checks = ()
    uploads: ClassVar[Uploads[Any, Any]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int, metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        self.uploads.work(options["number"])
