"""``manage.py search_worker`` keeps the index up to date until somebody stops it."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from search.engines import engine
from search.worker import Worker


class Command(BaseCommand):
    help = "変更を索引に反映し続けます（Ctrl-C か SIGTERM で、手元の分を終えてから止まります）。"

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker(engine(), self.stdout.write)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop.set())
        self.stdout.write("検索の索引を見守っています。")
        worker.run()
        self.stdout.write("止まりました。")
