"""Prepares the demo so that the web server can start: `manage.py prepare`.

The steps are database, data, static files, index and welcome text. Each step first checks whether its work is already
done, so that a second start takes only seconds. All steps run in one process, because starting Django takes longer than
most steps.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import ERROR, Tags, run_checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.load import is_loaded, load
from search.engines import engine
from search.engines.base import EngineUnavailable
from search.generations import rebuild, why_rebuild

#: Called with the number of finished parts and the total.
Advance = Callable[[int, int], None]


class MigrationLines(io.TextIOBase):
    """An output stream for `migrate`. It counts the migrations that `migrate` reports as applied."""

    def __init__(self, advance: Advance, total: int) -> None:
        self.advance, self.total, self.done = advance, total, 0

    def write(self, text: str) -> int:
        self.done += text.count(" OK")
        self.advance(self.done, self.total)
        return len(text)


class Command(BaseCommand):
    # The system checks are not run here, because they import every view, and this takes a third of a warm start.
    # script/test runs them all. `check_settings` runs only those few that check what a person can set.
    requires_system_checks = ()
    help = "デモを動かす準備をします（データベース、データ、静的ファイル、索引）。済んだことは飛ばします。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=("small", "full"), default="small")
        parser.add_argument("--url", default=settings.WAGTAILADMIN_BASE_URL)

    def handle(self, *args: Any, **options: Any) -> None:
        self.check_settings()
        self.console = Console(highlight=False)
        var_dir: Path = settings.VAR_DIR
        var_dir.mkdir(parents=True, exist_ok=True)
        # While this file exists, the data is incomplete, and nobody has written anything yet. In this case
        # script/server starts again from the beginning.
        marker = var_dir / "preparing"
        if not self.has_data():
            marker.touch()
        self.migrate()
        self.load(options["size"])
        marker.unlink(missing_ok=True)
        self.collect_static(var_dir / "static.stamp")
        self.build_index()
        welcome = io.StringIO()
        call_command("demo_welcome", url=options["url"].rstrip("/"), stdout=welcome)
        (var_dir / "welcome.txt").write_text(welcome.getvalue(), "utf-8")

    def check_settings(self) -> None:
        """Raises CommandError if settings are wrong, with one line for each error. Without this check, the web server
        and the worker would fail later.
        """
        errors = [message for message in run_checks(tags=[Tags.compatibility]) if message.level >= ERROR]
        if errors:
            raise CommandError("\n".join(f"{error.msg}{error.hint or ''}（{error.id}）" for error in errors))

    def has_data(self) -> bool:
        try:
            return is_loaded()
        except DatabaseError:  # There are no tables yet.
            return False

    def migrate(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            with self.step("データベース") as advance:
                call_command("migrate", interactive=False, stdout=MigrationLines(advance, len(plan)))

    def load(self, size: str) -> None:
        if self.has_data():
            return
        with self.bars() as bars:
            tasks: dict[str, Any] = {}

            def show(name: str, done: int, total: int) -> None:
                if name not in tasks:
                    tasks[name] = bars.add_task(name, total=total)
                bars.update(tasks[name], completed=done)

            load(size, show)

    def collect_static(self, stamp: Path) -> None:
        files = [(path, storage.path(path)) for finder in get_finders() for path, storage in finder.list([])]
        digest = hashlib.sha256()
        for path, file in sorted(files):
            status = Path(file).stat()
            digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        if stamp.is_file() and stamp.read_text() == digest.hexdigest() and settings.STATIC_ROOT.is_dir():
            return
        with self.step("静的ファイル") as advance:
            advance(0, len(files))
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            advance(len(files), len(files))
        stamp.write_text(digest.hexdigest())

    def build_index(self) -> None:
        try:
            if why_rebuild(engine()):
                with self.step("検索の索引") as advance:
                    rebuild(engine(), advance)
        except (
            EngineUnavailable
        ) as error:  # the worker builds the index when the engine is back; until then the site works without it
            self.stderr.write(f"{error.advice or error} つながるまでは、簡易検索で答えます。")

    def bars(self) -> Progress:
        # The names are in the last column, because full-width characters would move the bars out of line.
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        return Progress(*columns, console=self.console)

    @contextmanager
    def step(self, name: str) -> Iterator[Advance]:
        with self.bars() as bars:
            task = bars.add_task(name, total=None)
            yield lambda done, total: bars.update(task, completed=done, total=total)
