"""Everything between the environment and a demo that answers, in one process: `manage.py prepare`.

Database, data, static files, index, welcome: each step looks first whether its work is done already, so that a
second start takes seconds. One process, because starting Django costs more than most of these steps.
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

#: Called with how many parts are done, and of how many.
Advance = Callable[[int, int], None]


class MigrationLines(io.TextIOBase):
    """What `migrate` writes to: counts the migrations it reports as applied."""

    def __init__(self, advance: Advance, total: int) -> None:
        self.advance, self.total, self.done = advance, total, 0

    def write(self, text: str) -> int:
        self.done += text.count(" OK")
        self.advance(self.done, self.total)
        return len(text)


class Command(BaseCommand):
    # The checks import every view, which costs a third of a warm start; script/test runs them. `refuse` runs the few that
    # judge what a person has set.
    requires_system_checks = ()
    help = "デモを動かす準備をします（データベース、データ、静的ファイル、索引）。済んだことは飛ばします。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=("small", "full"), default="small")
        parser.add_argument("--url", default=settings.WAGTAILADMIN_BASE_URL)

    def handle(self, *args: Any, **options: Any) -> None:
        self.refuse()
        self.console = Console(highlight=False)
        var_dir: Path = settings.VAR_DIR
        var_dir.mkdir(parents=True, exist_ok=True)
        # While this stands, the data is half made and nobody has written anything: script/server begins again.
        half_made = var_dir / "preparing"
        if not self.has_data():
            half_made.touch()
        self.migrate()
        self.load(options["size"])
        half_made.unlink(missing_ok=True)
        self.collect_static(var_dir / "static.stamp")
        self.build_index()
        welcome = io.StringIO()
        call_command("demo_welcome", url=options["url"].rstrip("/"), stdout=welcome)
        (var_dir / "welcome.txt").write_text(welcome.getvalue(), "utf-8")

    def refuse(self) -> None:
        """Settings that cannot be meant end it here, in a line each: web server and worker would die of them later."""
        problems = [found for found in run_checks(tags=[Tags.compatibility]) if found.level >= ERROR]
        if problems:
            raise CommandError("\n".join(f"{found.msg}{found.hint or ''}（{found.id}）" for found in problems))

    def has_data(self) -> bool:
        try:
            return is_loaded()
        except DatabaseError:  # no tables yet
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
        found = [(path, storage.path(path)) for finder in get_finders() for path, storage in finder.list([])]
        seen = hashlib.sha256()
        for path, file in sorted(found):
            status = Path(file).stat()
            seen.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        if stamp.is_file() and stamp.read_text() == seen.hexdigest() and settings.STATIC_ROOT.is_dir():
            return
        with self.step("静的ファイル") as advance:
            advance(0, len(found))
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            advance(len(found), len(found))
        stamp.write_text(seen.hexdigest())

    def build_index(self) -> None:
        try:
            if why_rebuild(engine()):
                with self.step("検索の索引") as advance:
                    rebuild(engine(), advance)
        except EngineUnavailable as error:  # the worker builds it when the engine is back; the site works meanwhile
            self.stderr.write(f"{error.advice or error} つながるまでは、簡易検索で答えます。")

    def bars(self) -> Progress:
        # The names come last: full-width characters would push the bars out of line.
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        return Progress(*columns, console=self.console)

    @contextmanager
    def step(self, name: str) -> Iterator[Advance]:
        with self.bars() as bars:
            task = bars.add_task(name, total=None)
            yield lambda done, total: bars.update(task, completed=done, total=total)
