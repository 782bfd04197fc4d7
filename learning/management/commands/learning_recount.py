"""manage.py learning_recount [--repair]: recalculate all open assignments from the facts and compare.

Prints every difference and exits with 1 if there is one. Changes nothing without --repair.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from learning.progress import verification


class Command(BaseCommand):
    help = "学習の進みを事実から数え直し、違いを示します（--repair で直します）。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="違いのあった割当を数え直して保存する")

    def handle(self, *args: Any, **options: Any) -> None:
        differences = list(verification.differences())
        for difference in differences:
            self.stdout.write(f"割当 {difference.assignment_id}: {difference.text}")
        if options["repair"] and differences:
            changed = verification.repair(sorted({difference.assignment_id for difference in differences}))
            self.stdout.write(f"{changed}件を直しました。")
            differences = list(verification.differences())
        self.stdout.write("違いはありません。" if not differences else f"違いが{len(differences)}件あります。")
        if differences:
            raise SystemExit(1)
