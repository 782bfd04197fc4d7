"""The view of /styleguide/ with its sample form and sample lists. A template alone cannot make these samples.

The view does not use the database, so the page shows every component even in a checkout without data.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe

THEMES = [
    ("bosai", "防災・危機管理"),
    ("fukushi", "福祉・医療"),
    ("kosodate", "子ども・子育て"),
    ("doro", "道路・交通"),
]
AUDIENCES = [
    ("unit", "所属の中（すぐに公開されます）"),
    ("prefecture", "庁内全体（所属の確認のあと）"),
    ("self", "じぶんだけ"),
]
KEEP = (
    "受付を屋外の一か所にまとめ、名簿の記入を列の途中で始めたところ、三百人の受け入れが四十分で終わった。"
    "列の先頭で名前を聞き直す必要がなくなり、けがをした人に先に声をかけられた。"
)


class SampleForm(forms.Form):
    """A form with one field of each kind. The page shows the form empty, filled, and with errors."""

    title = forms.CharField(label="件名", max_length=60, help_text="60文字まで。中身が一目で分かる名前に。")
    summary = forms.CharField(label="要旨", max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    occurred_on = forms.DateField(label="発生・実施日", widget=forms.DateInput(attrs={"type": "date"}), required=False)
    kind = forms.ChoiceField(
        label="書式", choices=[("kpt", "KPT（10分）"), ("ywt", "YWT（10分）"), ("aar", "AAR（30〜45分）")]
    )
    audience = forms.ChoiceField(label="公開範囲", choices=AUDIENCES, widget=forms.RadioSelect)
    themes = forms.MultipleChoiceField(
        label="分野",
        choices=THEMES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="いくつでも選べます。",
    )
    scenes = forms.MultipleChoiceField(
        label="業務場面",
        choices=[("madoguchi", "窓口・電話"), ("keiyaku", "契約・入札"), ("kaigi", "会議・説明会")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    blameless = forms.BooleanField(label="個人を責める書き方になっていません")
    keep = forms.CharField(
        label="Keep（続ける）",
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="続けたいこと、うまくいったことは何ですか。なぜうまくいったと思いますか。",
    )
    problem = forms.CharField(
        label="Problem（困った）",
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="困ったこと、引っかかったことは何ですか。どの場面で起きましたか。",
    )
    problem2 = forms.CharField(
        label="Problem（2つ目）", max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    share = forms.CharField(
        label="共有",
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="同じ仕事をする人に一言伝えるなら。",
    )


def sample_forms() -> dict[str, Any]:
    """Returns three copies of the sample form with different ids: one empty, one filled, and one with errors."""
    filled = {
        "title": "避難所の受付は、屋外に一つだけ置く",
        "summary": "受付を一つにすると、名簿の二重書きがなくなる。",
        "occurred_on": "2026-10-14",
        "kind": "aar",
        "audience": "prefecture",
        "themes": ["bosai", "fukushi"],
        "scenes": ["kaigi"],
        "blameless": True,
        "keep": KEEP,
    }
    broken = SampleForm({"title": "", "occurred_on": "きのう", "kind": "kpt"}, auto_id="broken_%s")
    broken.fields["title"].error_messages["required"] = "「件名」が空です。中身が分かる名前を入れてください。"
    broken.fields["occurred_on"].error_messages["invalid"] = "「発生・実施日」は 2026-04-01 のように入れてください。"
    broken.fields["audience"].error_messages["required"] = "「公開範囲」が空です。一つ選んでください。"
    broken.fields["blameless"].error_messages["required"] = "書き方を確かめて、しるしを付けてください。"
    for name in ("keep", "problem", "problem2", "share", "scenes"):
        del broken.fields[name]
    return {
        "form": SampleForm(auto_id="empty_%s"),
        "filled": SampleForm(initial=filled, auto_id="filled_%s"),
        "broken": broken,
        "screens": sample_screens(SampleForm(initial={"keep": KEEP}, auto_id="prompt_%s")),
    }


def sample_screens(form: SampleForm) -> list[dict[str, Any]]:
    """Returns three prompts of a KPT in the layout of the writing page. On a phone, this layout shows one prompt at a
    time.
    """
    names = ["keep", "problem", "share"]
    return [
        {
            "field": form[name],
            "number": n + 1,
            "total": len(names),
            "opens": n == 1,
            "example": "例：住民説明会の前日に、全員で想定問答を声に出して読み合わせた。" if n == 0 else "",
            "more": [form["problem2"]] if name == "problem" else [],
            "previous": form[names[n - 1]].id_for_label if n else "",
            "following": form[names[n + 1]].id_for_label if n + 1 < len(names) else "",
        }
        for n, name in enumerate(names)
    ]


def sample_lists() -> dict[str, Any]:
    """Returns sample lists for the components of navigation, search, tables and history."""
    here = "#"
    return {
        "trail": [
            {"url": here, "label": "ホーム"},
            {"url": here, "label": "防災対策課"},
            {"url": here, "label": "避難所の受付は、屋外に一つだけ置く"},
        ],
        "tabs": [
            {"url": here, "label": "書いたもの", "current": True, "count": 12},
            {"url": here, "label": "下書き", "count": 3},
            {"url": here, "label": "確認待ち", "count": 0},
            {"url": here, "label": "研修の記録"},
        ],
        "pages": [
            {"number": 1, "url": here},
            {"number": 2, "url": here, "current": True},
            {"number": 3, "url": here},
            {"gap": True},
            {"number": 7, "url": here},
        ],
        "facts": [
            {"label": "管理番号", "value": "L-R08-00123"},
            {"label": "所管所属", "value": "防災対策課", "url": here},
            {"label": "当時の所属名", "value": "危機管理防災課"},
            {"label": "発生・実施日", "value": "令和8年10月14日"},
            {"label": "公開範囲", "value": "庁内全体"},
            {"label": "見直し期限", "value": "令和9年10月14日"},
        ],
        "table_header": ["所属", "ふりかえり", "教訓", "うち教訓化済み", "見直し期限切れ"],
        "table_rows": [
            ["防災対策課", "48", "31", "12", "2"],
            ["道路管理課", "36", "27", "9", "0"],
            ["高齢福祉課（旧 福祉政策課）", "29", "18", "4", "5"],
            ["北部地域振興局", "22", "15", "6", "1"],
        ],
        "numeric": [2, 3, 4, 5],
        "facets": [
            {
                "name": "type",
                "title": "種類",
                "items": [
                    {"value": "lesson", "label": "教訓", "count": 64, "checked": True},
                    {"value": "retrospective", "label": "ふりかえり", "count": 41},
                    {"value": "challenge", "label": "挑戦", "count": 6},
                ],
            },
            {
                "name": "unit",
                "title": "所属",
                "items": [
                    {"value": "bosai", "label": "防災対策課", "count": 22},
                    {"value": "doro", "label": "道路管理課", "count": 17},
                ],
                "more": [
                    {"value": "hokubu", "label": "北部地域振興局", "count": 9},
                    {"value": "korei", "label": "高齢福祉課", "count": 4},
                ],
            },
            {
                "name": "fiscal_year",
                "title": "年度",
                "items": [
                    {"value": "2026", "label": "令和8年度", "count": 38},
                    {"value": "2025", "label": "令和7年度", "count": 51},
                ],
            },
        ],
        "changes": [
            {"kind": "gap", "text": "（同じ12行を省きました）"},
            {"kind": "same", "text": "受付は開設から三十分以内に始める。"},
            {"kind": "removed", "text": "受付は体育館の入口に二か所置く。"},
            {"kind": "added", "text": "受付は屋外に一か所だけ置き、雨の日は軒下に移す。"},
            {"kind": "same", "text": "名簿は世帯ごとに一枚とする。"},
        ],
        "states": [
            "observed",
            "identified",
            "noted",
            "learned",
            "needs_review",
            "overdue",
            "withdrawn",
            "superseded",
            "draft",
            "submitted",
            "returned",
            "published",
            "idea",
            "supported",
            "running",
            "ended",
            "retrospected",
            "closed",
        ],
        "types": ["lesson", "retrospective", "challenge", "article", "reference", "learningpath", "course", "unit"],
        "icons": (
            "lesson retrospective challenge article reference learningpath training search write edit home user people help "
            "settings login logout key copy link print history check success warning error info close "
            "plus minus arrow-right arrow-left arrow-up chevron-right chevron-left chevron-down external "
            "download filter sort calendar clock unit helpful apply bell lock globe eye tag draft waiting "
            "return withdrawn comment diff save offline star seedling inbox list more training attachment"
        ).split(),
    }


def sample_items() -> dict[str, Any]:
    """Returns cards, search results and login cards, in the form in which the pages pass them to the components."""
    can = ["ふりかえりと教訓を書き、所属に公開する", "庁内の教訓をさがして使う"]
    return {
        "cards": [
            {
                "url": "#items",
                "title": "避難所の受付は、屋外に一つだけ置く",
                "type": "lesson",
                "summary": "体育館の入口に受付を二つ置いたところ、名簿が二重になり、家族の照合に三時間かかった。"
                "列の途中で記入を始めると四十分で終わった。",
                "unit": "防災対策課",
                "date": "令和8年10月14日",
                "badges": ["observed"],
                "helpful": 12,
            },
            {
                "url": "#items",
                "title": "除雪車の出動を前夜に決める試み",
                "type": "challenge",
                "summary": "気温の予報だけで前夜に決めると、空振りは増えるが、朝七時の通行止めは半分になるという仮説を、"
                "二つの路線で試す。",
                "unit": "南部建設事務所",
                "date": "令和8年11月2日",
                "badges": ["running"],
            },
            {
                "url": "#items",
                "title": "補助金の実績報告で差戻しが減った書き方",
                "type": "article",
                "summary": "記入例を一枚にまとめ、電話で聞かれることの多い三か所に赤い囲みを付けた。",
                "unit": "産業振興課",
                "date": "令和7年3月28日",
                "badges": ["learned", "overdue"],
                "helpful": 41,
            },
        ],
        "rows": [
            {
                "title": "秋の総合防災訓練のふりかえり",
                "type": "retrospective",
                "type_label": "ふりかえり（AAR）",
                "badges": ["draft"],
                "meta": "3分前に保存　あと2つの問い",
                "action_label": "続きを書く",
                "url": "#items",
            },
            {
                "title": "窓口の番号札を色で分ける",
                "type": "lesson",
                "badges": ["returned"],
                "meta": "11月20日に差し戻されました",
                "note": "「使える場面」に、窓口が一つしかない事務所での扱いを足してください。",
                "action_label": "直す",
                "url": "#items",
            },
            {
                "title": "誤送付を防ぐ宛名の読み合わせ",
                "type": "lesson",
                "badges": ["submitted"],
                "meta": "防災対策課の確認を待っています（2営業日目）",
            },
        ],
        "hits": [
            {
                "title": "避難所の受付は、屋外に一つだけ置く",
                "snippet": mark_safe(
                    "体育館の入口に<mark>受付</mark>を二つ置いたところ、名簿が二重になり、三時間かかった。"
                ),
                "card": {
                    "url": "#search",
                    "type": "lesson",
                    "type_label": "教訓",
                    "badges": [("observed", "未検証")],
                    "unit_label": "危機管理防災課",
                    "unit_now_label": "防災対策課",
                    "date_label": "令和8年10月14日",
                    "reuse": 12,
                    "public_id": "L-R08-00123",
                },
            },
            {
                "title": "停電した避難所で名簿を作る",
                "snippet": "夜九時に停電し、紙の名簿に切り替えた。鉛筆が十二本しかなく、列が止まった。",
                "card": {
                    "url": "#search",
                    "type": "retrospective",
                    "type_label": "ふりかえり（AAR）",
                    "unit_label": "北部地域振興局",
                    "date_label": "令和6年9月3日",
                    "public_id": "R-R06-00045",
                },
                "why": ["題名にある", "読める所属の中で新しい"],
            },
        ],
        "login_cards": [
            {
                "login": "shippitsu",
                "role": "執筆する職員",
                "name": "防災対策課　主任",
                "can": can,
                "first_task": "「書く」から、きのうの訓練をKPTでふりかえる",
                "icon": "write",
            },
            {
                "login": "shochou",
                "role": "所属長",
                "name": "防災対策課　課長",
                "can": can,
                "first_task": "確認を待つ教訓を一つ受け取る",
                "icon": "people",
            },
        ],
    }


def styleguide(request: HttpRequest) -> HttpResponse:
    """Shows every component in every state, with texts as they occur in real offices."""
    return render(request, "styleguide.html", {**sample_forms(), **sample_items(), **sample_lists()})
