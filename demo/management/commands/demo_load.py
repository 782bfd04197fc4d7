"""Loads the fictional prefecture: `manage.py demo_load [--size small|full]`. Does nothing if it is already loaded."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.progress import Progress

from demo.load import is_loaded, load


class Command(BaseCommand):
    help = "架空の県のデータを入れます。もう入っていれば何もしません。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=("small", "full"), default="small")

    def handle(self, *args: Any, **options: Any) -> None:
        if is_loaded():
            self.stdout.write("デモのデータは、もう入っています。")
            return
        with Progress() as bars:
            tasks: dict[str, Any] = {}

            def show(name: str, done: int, total: int) -> None:
                if name not in tasks:
                    tasks[name] = bars.add_task(name, total=total)
                bars.update(tasks[name], completed=done)

            load(options["size"], show)
