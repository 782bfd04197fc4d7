"""``manage.py search_sync`` repairs differences between database and index, and tries parked rows again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.engines import engine
from search.engines.base import EngineUnavailable
from search.generations import by_source, compare
from search.models import PendingChange
from search.registry import sources
from search.worker import Worker


class Command(BaseCommand):
    help = "データベースと索引の違いを直します。保留になった行も、もう一度試します。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="違いがなくても、全部を書き直します。")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            difference = compare(engine())
        except EngineUnavailable as error:
            reason = error.advice or f"索引がありません（{error}）。manage.py search_rebuild を実行してください。"
            raise CommandError(reason) from error
        PendingChange.objects.filter(parked=True).update(parked=False, attempts=0, reason="", claimed_by="")
        for name, pks in by_source(sorted(difference.missing | difference.extra)).items():
            PendingChange.objects.enqueue(name, pks)
        if options["all"]:
            for name, source in sources().items():
                PendingChange.objects.enqueue(name, source.eligible().values_list("pk", flat=True))
        done = Worker(engine(), self.stdout.write).drain()
        left = PendingChange.objects.count()
        self.stdout.write(f"{done:,}件を反映しました。")
        if left:
            self.stdout.write(f"{left:,}件が残っています（search_verify で見られます）。")
