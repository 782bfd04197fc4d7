"""The demo's vocabularies: themes, scenes, the five basic stances, and a few reviewed terms."""

from __future__ import annotations

from kb.models import Scene, Stance, Term, Theme

THEMES = (
    ("bosai", "防災・危機管理"), ("fukushi", "福祉・医療"), ("kosodate", "子ども・子育て"), ("sangyo", "産業・雇用"),
    ("nogyo", "農林業"), ("kankyo", "環境・脱炭素"), ("kotsu", "道路・交通"), ("machi", "まちづくり・移住"),
    ("kyoiku", "教育・人づくり"), ("digital", "デジタル"), ("zaisei", "財政・税"), ("kyodo", "県民参加・協働"),
    ("somu", "組織・人事"), ("kanko", "観光・文化"),
)  # fmt: skip
SCENES = (
    ("keiyaku", "契約・入札"), ("hojokin", "補助金"), ("kojin", "個人情報"), ("madoguchi", "窓口・電話"), ("saigai", "災害対応"),
    ("kaigi", "会議・説明会"), ("system", "システム"), ("koho", "広報"), ("gikai", "議会"), ("yosan", "予算"),
    ("genba", "現場・工事"), ("hikitsugi", "引継ぎ"), ("kenshu", "研修・育成"), ("chosa", "調査・監査"), ("chosei", "庁内・市町村調整"),
)  # fmt: skip
STANCES = (("kenmin", "県民起点"), ("manabu", "学び続ける"), ("chosen", "挑戦"), ("taiwa", "対話"), ("kyoso", "共創"))
TERMS = (
    ("情報公開請求", "じょうほうこうかいせいきゅう", ["開示請求"]),
    ("会計年度任用職員", "かいけいねんどにんようしょくいん", ["会任"]),
    ("住民説明会", "じゅうみんせつめいかい", ["地元説明会"]),
    ("除雪", "じょせつ", ["雪かき", "除排雪"]),
    ("生成AI", "せいせいえーあい", ["対話型AI", "文章生成AI"]),
)


def load() -> None:
    """Make the words that are missing; safe to repeat."""
    for model, rows in ((Theme, THEMES), (Scene, SCENES), (Stance, STANCES)):
        for order, (code, label) in enumerate(rows):
            model.objects.get_or_create(code=code, defaults={"label": label, "order": order})
    for label, kana, synonyms in TERMS:
        Term.objects.get_or_create(label=label, defaults={"kana": kana, "synonyms": synonyms})
