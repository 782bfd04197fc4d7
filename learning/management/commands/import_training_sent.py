"""``manage.py import_training_sent ID``: the process that checks or takes in a file sent by the screen. Not for people."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from learning.imports.uploads import work


class Command(BaseCommand):
    # The web server that starts this has run the checks; here they would only delay the answer.
    requires_system_checks = ()
    help = "画面から送られた研修のファイルを、確かめるか取り込みます。画面が始めるもので、人は使いません。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int, metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        work(options["number"])
