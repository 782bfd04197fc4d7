"""manage.py learning_recount [--repair]: count all open assignments again from the facts.

Prints every difference and exits with 1 if there is one; repairs nothing unless told to.
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
        found = list(verification.differences())
        for one in found:
            self.stdout.write(f"割当 {one.assignment_id}: {one.what}")
        if options["repair"] and found:
            changed = verification.repair(sorted({one.assignment_id for one in found}))
            self.stdout.write(f"{changed}件を直しました。")
            found = list(verification.differences())
        self.stdout.write("違いはありません。" if not found else f"違いが{len(found)}件あります。")
        if found:
            raise SystemExit(1)
