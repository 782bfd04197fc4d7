"""Fills a demo database with thousands of learners, to measure speed: `manage.py learning_fill --people N --assignments
N`.

The command refuses to run outside the demo, and on a database that is already filled. `--moves N --on DATE` moves N of
these people to other posts on that day.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import Progress

from demo.many_learners import Amounts, fill, is_filled, move


class Command(BaseCommand):
    help = "計測のために、たくさんの職員・割当・受講記録を入れます（デモだけ）。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=2000)
        parser.add_argument("--assignments", type=int, default=20_000)
        parser.add_argument("--steps", type=int, help="ステップの進み（割当の数の6倍）")
        parser.add_argument("--records", type=int, help="受講記録（割当の数の3倍）")
        parser.add_argument("--moves", type=int, help="入れるかわりに、この人数を異動させる")
        parser.add_argument("--on", type=date.fromisoformat, help="異動の日（例：2027-04-01）")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("計測のデータは、デモにだけ入れられます。")
        if options["moves"] is not None:
            if options["on"] is None or not is_filled():
                raise CommandError("先に --people で入れてから、--on に異動の日を付けてください。")
            self.stdout.write(f"{move(options['moves'], options['on'])}人を異動させました。")
            return
        if is_filled():
            raise CommandError("計測のデータは、もう入っています。新しいデータベースで始めてください。")
        assignments = options["assignments"]
        steps = 6 * assignments if options["steps"] is None else options["steps"]
        records = 3 * assignments if options["records"] is None else options["records"]
        if min(options["people"], assignments, steps, records) < 0 or options["people"] < 4:
            raise CommandError("人数は4人から、ほかは0からにしてください。")
        with Progress(disable=options["verbosity"] == 0) as bars:
            tasks: dict[str, Any] = {}

            def show(name: str, done: int, total: int) -> None:
                if name not in tasks:
                    tasks[name] = bars.add_task(name, total=total)
                bars.update(tasks[name], completed=done)

            try:
                fill(Amounts(options["people"], assignments, steps, records), show)
            except ValueError as error:
                raise CommandError(str(error)) from None
