"""``manage.py search_verify``: compares database and index, and repairs nothing."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.engines import engine, where
from search.engines.base import EngineUnavailable
from search.indexes import compare, why_rebuild
from search.models import PendingChange


class Command(BaseCommand):
    help = "データベースと索引を比べて報告します（直しません。直すのは search_sync）。違いがあれば終了コード1。"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"検索エンジン：{where()}")
        try:
            reason = why_rebuild(engine())
            if reason:
                raise CommandError(
                    f"索引を作り直す必要があります（{reason}）。manage.py search_rebuild を実行してください。"
                )
            difference = compare(engine())
            for line in engine().health():
                self.stderr.write(line)
        except EngineUnavailable as error:
            raise CommandError(error.advice or f"検索エンジンに届きません（{error}）。") from error
        waiting = PendingChange.objects.waiting().count()
        parked = PendingChange.objects.filter(parked=True)
        self.stdout.write(f"索引にない：{len(difference.missing)}件　余分：{len(difference.extra)}件")
        self.stdout.write(f"反映待ち：{waiting}件　保留：{len(parked)}件")
        for row in parked:
            self.stdout.write(f"  {row.key}　{row.reason}")
        for key in sorted(difference.missing | difference.extra)[:20]:
            self.stdout.write(f"  {key}")
        if difference or parked:
            sys.exit(1)
