"""Prints the demo's welcome text: the address, the seven people, seven things to try, and one more for the knowledge
office.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from demo.people import PASSWORD, PERSONAS

TRY = (
    "shippitsu で入り、「書く」→「KPT」。スマホの幅（390px）で一画面に一問、8タップ以内で公開できます。",
    "公開したふりかえりの答えの横の「教訓にする」を押し、「庁内全体」を選んで公開します（所属の確認に回ります）。",
    "検索の箱に、いま書いた言葉を入れます。一秒以内に見つかります（振り返り・ふりかえり、どちらでも）。",
    "shochou で入り、「確認待ち」の教訓を受理します。shinjin なら見つかり、shichoson で同じ言葉を探しても出ません。",
    "km で入り、「管理」から見直し期限が切れた項目の一覧を開きます。",
    "shochou で入り、「所属の学び」から、この4月に来た20人に「新任職員の最初の100日」を割り当てます。",
    "shinjin で入り、「わたしの学び」の次のステップを一つすませます（聴きに行く一歩が待っています）。",
)


#: A file with 1,270 lessons. It is used if the folder of development data is next to the product's folder. Otherwise
#: the product's own sample is used.
RECORDS = "records/llis/records.jsonl.gz"
SAMPLE = "demo/data/sample_records.jsonl"


def import_command() -> str:
    """Returns the command that imports references. People type it in the product's folder."""
    records = settings.SHARED_DATA / RECORDS
    if records.is_file():
        file, options = relative(records), '--source llis --label "NASA Lessons Learned" --licence "US Government work"'
    else:
        file, options = SAMPLE, "--source sample --label となり県の事例集（架空） --licence 自由に使えます"
    # Another terminal does not know the VAR_DIR of this server. So the command must set VAR_DIR, unless it is the
    # default.
    prefix = "" if settings.VAR_DIR == settings.BASE_DIR / "var" else f"VAR_DIR={shlex.quote(str(settings.VAR_DIR))} "
    return f"{prefix}.venv/bin/python manage.py import_records {file} {options} --commit"


def relative(path: Path) -> str:
    """Returns the path, quoted for the shell. It is relative to the product's folder if it is at most one level above
    that folder.
    """
    relative_path = os.path.relpath(path, settings.BASE_DIR)
    return shlex.quote(relative_path if relative_path.count("..") <= 1 else str(path))


class Command(BaseCommand):
    help = "デモの入り口、七人の利用者、試し方を表示します。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = ["", f"  学び（Manabi）: {options['url']}/", "", f"  利用者（パスワードはどれも {PASSWORD}）"]
        lines += [f"    {p.login:<10} {p.role}：{p.can}" for p in PERSONAS]
        lines += ["", "  試してみる七つのこと"]
        lines += [f"    {n}. {text}" for n, text in enumerate(TRY, 1)]
        lines += ["", "  もう一つ（KM推進の方に）"]
        lines += ["    ほかの機関の事例を取り込むと、すぐに検索に出ます。別の端末で（--commit を外すと確認だけ）："]
        lines += [f"      {import_command()}"]
        lines += ["    画面からも取り込めます。km で入り、「管理」→「外部の事例の取込み」。出典ごと取り下げられます。"]
        self.stdout.write("\n".join([*lines, "", "  止めるときは Ctrl-C", ""]))
