"""``manage.py search_verify`` compares the database with the index. It repairs nothing.

Pending changes are reported separately. They are not differences, because a worker will apply them.
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.engines import engine, engine_location
from search.engines.base import EngineUnavailable
from search.generations import compare, why_rebuild
from search.models import PendingChange

#: At most this many keys are listed. After a backup was restored, thousands of keys may differ.
NAMED = 20


class Command(BaseCommand):
    help = "データベースと索引を比べて報告します（直しません。直すのは search_sync）。違いがあれば終了コード1。"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"検索エンジン：{engine_location()}")
        try:
            reason = why_rebuild(engine())
            if reason:
                raise CommandError(
                    f"索引を作り直す必要があります（{reason}）。manage.py search_rebuild を実行してください。"
                )
            # Pending changes are read before and after, because a change during the comparison is not a difference
            # either.
            pending = PendingChange.objects.waiting().keys()
            compared = compare(engine())
            # A change may be indexed between the two reads of one comparison. A second comparison does not contain this
            # difference any more.
            if compared:
                again = compare(engine())
                compared = compared.only(again.missing | again.extra)
            pending |= PendingChange.objects.waiting().keys()
            for line in engine().health():
                self.stderr.write(line)
        except EngineUnavailable as error:
            raise CommandError(error.advice or f"検索エンジンに届きません（{error}）。") from error
        difference, coming = compared.without(pending), compared.only(pending)
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
        for label, keys in (("索引にない", difference.missing), ("余分", difference.extra)):
            for key in sorted(keys)[:NAMED]:
                self.stdout.write(f"  {label}：{key}")
            if len(keys) > NAMED:
                self.stdout.write(f"  {label}：ほか{len(keys) - NAMED:,}件")
        if difference:
            self.stdout.write("違いは manage.py search_sync で直せます。")
        if difference or parked:
            sys.exit(1)
