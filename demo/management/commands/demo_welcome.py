"""Print what a newcomer to the demo needs: the address, the six people, five things to try."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from demo.people import PASSWORD, PERSONAS

TRY = (
    "shippitsu で入り、「書く」→「KPT」。スマホの幅（390px）で一画面に一問、8タップ以内で公開できます。",
    "公開したふりかえりの答えの横の「教訓にする」を押し、「庁内全体」を選んで公開します（所属の確認に回ります）。",
    "検索の箱に、いま書いた言葉を入れます。一秒以内に見つかります（振り返り・ふりかえり、どちらでも）。",
    "shochou で入り、「確認待ち」の教訓を受理します。shinjin なら見つかり、shichoson で同じ言葉を探しても出ません。",
    "km で入り、「管理」から見直し期限が切れた項目の一覧を開きます。",
)


class Command(BaseCommand):
    help = "デモの入り口、六人の利用者、五つの試し方を表示します。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = ["", f"  学び（Manabi）: {options['url']}/", "", f"  利用者（パスワードはどれも {PASSWORD}）"]
        lines += [f"    {p.login:<10} {p.role}：{p.can}" for p in PERSONAS]
        lines += ["", "  試してみる五つのこと"]
        lines += [f"    {n}. {text}" for n, text in enumerate(TRY, 1)]
        self.stdout.write("\n".join([*lines, "", "  止めるときは Ctrl-C", ""]))
