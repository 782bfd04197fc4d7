"""manage.py run_due [--on DATE] [--dry-run]: run the daily job. It can be repeated, and run a day late."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.daily import job
from organization import clock
from organization.japanese_dates import era_date


class Command(BaseCommand):
    help = "異動・退職・休職・割当規則・お知らせの、その日の仕事をします（何度動かしても、一日遅れても同じです）。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=date.fromisoformat, help="この日として動かす（例：2026-04-01）")
        parser.add_argument("--dry-run", action="store_true", help="何が起きるかだけを示し、何も書かない")

    def handle(self, *args: Any, **options: Any) -> None:
        day, dry_run = options["on"] or clock.today(), options["dry_run"]
        self.stdout.write(f"{era_date(day)}の仕事{'（試しに動かすだけで、何も書きません）' if dry_run else ''}")
        try:
            for part in job.run_daily_job(day, dry_run=dry_run):
                self.stdout.write(f"  {part}")
                for problem in part.problems:
                    self.stderr.write(f"  ！{problem}")
        except job.BusyError:
            self.stdout.write("  ほかの run_due が動いているので、今回は何もしません。")
            return
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write("試しに動かしました。何も書いていません。" if dry_run else "終わりました。")
