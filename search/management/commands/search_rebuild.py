"""``manage.py search_rebuild`` builds a new generation of the index and swaps it in when it is complete."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from search.engines import engine
from search.engines.base import EngineUnavailable
from search.generations import RebuildFailed, rebuild


class Command(BaseCommand):
    help = "索引を新しく作り、できあがったら入れ替えます。そのあいだも検索は今の索引で答えます。"

    def handle(self, *args: Any, **options: Any) -> None:
        columns = (TextColumn("索引"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        try:
            with Progress(*columns, disable=options["verbosity"] == 0) as bar:
                task = bar.add_task("索引", total=None)
                count = rebuild(engine(), lambda done, total: bar.update(task, completed=done, total=total))
        except (RebuildFailed, EngineUnavailable) as error:
            reason = getattr(error, "advice", "") or error
            raise CommandError(f"作り直せませんでした。検索は前の索引のままです（{reason}）。") from error
        if options["verbosity"]:
            self.stdout.write(f"{count:,}件の索引に入れ替えました。")
