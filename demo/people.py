"""The seven people as whom a visitor can try the demo. For each person: what the person can do, and a first task. The
login cards show both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PASSWORD = "manabi"  # noqa: S105  (the demo's known password; organization.E001 keeps it out of production)
#: This domain is reserved for examples (RFC 2606): nobody owns it. The demo sends no mail.
MAIL_DOMAIN = "shinsan.example"


@dataclass(frozen=True)
class Persona:
    """One of the people to try. `unit` and `rank` identify the generated post that the persona holds."""

    login: str
    role: str
    unit: str
    rank: str
    can: str
    task: str


PERSONAS = (
    Persona(
        "shinjin",
        "新任職員",
        "bosai",
        "主事",
        "この4月に入りました。先輩たちの教訓を探して読み、はじめてのふりかえりを書けます。",
        "「台風 避難所」で検索して、教訓を一つ読む",
    ),
    Persona(
        "shippitsu",
        "執筆する職員",
        "kyodo",
        "主任",
        "ふりかえり・教訓・挑戦を書き、書きかけの下書きの続きを書けます。",
        "スマホの幅で、KPTを一つ書いて公開する",
    ),
    Persona(
        "shochou",
        "所属長",
        "kyodo",
        "課長",
        "所属の確認待ちを受理・差戻しし、挑戦を後押しし、所属の職員に学習パスを割り当てて見守ります。",
        "「所属の学び」から、この4月に来た20人に「新任職員の最初の100日」を割り当てる",
    ),
    Persona(
        "kenshu",
        "研修担当",
        "jinji",
        "係長",
        "研修の目録と受講記録、学習パスと割当の規則、期限の近い学びを全庁で見わたします。",
        "「研修担当」を開いて、期限が過ぎた割当の数から、その行を開く",
    ),
    Persona(
        "km",
        "KM推進",
        "kikaku",
        "主幹",
        "すべての所属の学びを見わたし、管理画面で語彙・組織・見直し期限を手入れします。",
        "管理画面で、見直し期限が切れたものを開く",
    ),
    Persona(
        "shichoson",
        "市町村職員",
        "hoshimori",
        "主査",
        "市町村まで公開された学びを探して読めます。県庁の中だけのものは見えません。",
        "「説明会」で検索して、わが町で使えそうなものを探す",
    ),
    Persona(
        "kanri",
        "管理者",
        "digital",
        "係長",
        "利用者・組織・設定を管理します。",
        "管理画面の「組織」で、所属の改称の履歴を見る",
    ),
)


def login_cards() -> list[dict[str, Any]]:
    """Returns the cards of the login page (settings.LOGIN_CARDS), in the form that components/login_card.html needs."""
    return [
        {"login": p.login, "password": PASSWORD, "role": p.role, "can": [p.can], "first_task": p.task} for p in PERSONAS
    ]
