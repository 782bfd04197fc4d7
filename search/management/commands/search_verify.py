"""``manage.py search_verify``: compares database and index, and repairs nothing.

What still waits in the queue is told apart: a worker will bring it in, so it is no difference.
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.engines import engine, where
from search.engines.base import EngineUnavailable
from search.indexes import compare, why_rebuild
from search.models import PendingChange

#: So many keys are named; a restored backup may differ by thousands.
NAMED = 20


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
            # Asked before and after: what comes or goes while we compare has not drifted either.
            waiting = PendingChange.objects.waiting().keys()
            found = compare(engine())
            if found:  # what was published and brought in between the two looks of one comparison is told by another
                again = compare(engine())
                found = found.only(again.missing | again.extra)
            waiting |= PendingChange.objects.waiting().keys()
            for line in engine().health():
                self.stderr.write(line)
        except EngineUnavailable as error:
            raise CommandError(error.advice or f"検索エンジンに届きません（{error}）。") from error
        difference, coming = found.without(waiting), found.only(waiting)
        parked = PendingChange.objects.filter(parked=True)
        queued = PendingChange.objects.waiting().count()
        self.stdout.write(f"索引にない：{len(difference.missing):,}件　余分：{len(difference.extra):,}件")
        self.stdout.write(f"反映待ち：{queued:,}件　保留：{len(parked):,}件")
        if coming:
            self.stdout.write(
                f"  これから入ります：{len(coming.missing):,}件　これから消えます：{len(coming.extra):,}件"
                "（search_worker が反映します。違いではありません）"
            )
        for row in parked:
            self.stdout.write(f"  {row.key}　{row.reason}")
        for called, keys in (("索引にない", difference.missing), ("余分", difference.extra)):
            for key in sorted(keys)[:NAMED]:
                self.stdout.write(f"  {called}：{key}")
            if len(keys) > NAMED:
                self.stdout.write(f"  {called}：ほか{len(keys) - NAMED:,}件")
        if difference:
            self.stdout.write("違いは manage.py search_sync で直せます。")
        if difference or parked:
            sys.exit(1)
