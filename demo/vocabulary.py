"""The vocabularies of the demo: themes, scenes, the five basic stances, and the reviewed terms."""

from __future__ import annotations

from kb.models import Scene, Stance, Term, Theme

THEMES = (
    ("bosai", "防災・危機管理"),
    ("fukushi", "福祉・医療"),
    ("kosodate", "子ども・子育て"),
    ("sangyo", "産業・雇用"),
    ("nogyo", "農林業"),
    ("kankyo", "環境・脱炭素"),
    ("kotsu", "道路・交通"),
    ("machi", "まちづくり・移住"),
    ("kyoiku", "教育・人づくり"),
    ("digital", "デジタル"),
    ("zaisei", "財政・税"),
    ("kyodo", "県民参加・協働"),
    ("somu", "組織・人事"),
    ("kanko", "観光・文化"),
)
SCENES = (
    ("keiyaku", "契約・入札"),
    ("hojokin", "補助金"),
    ("kojin", "個人情報"),
    ("madoguchi", "窓口・電話"),
    ("saigai", "災害対応"),
    ("kaigi", "会議・説明会"),
    ("system", "システム"),
    ("koho", "広報"),
    ("gikai", "議会"),
    ("yosan", "予算"),
    ("genba", "現場・工事"),
    ("hikitsugi", "引継ぎ"),
    ("kenshu", "研修・育成"),
    ("chosa", "調査・監査"),
    ("chosei", "庁内・市町村調整"),
)
STANCES = (("kenmin", "県民起点"), ("manabu", "学び続ける"), ("chosen", "挑戦"), ("taiwa", "対話"), ("kyoso", "共創"))
#: Each reviewed term has the word that offices write, the reading of the word, and its synonyms. A synonym must be able
#: to replace the word in any sentence. Words with a merely similar meaning are left out.
TERMS = (
    ("情報公開請求", "じょうほうこうかいせいきゅう", ["開示請求"]),
    ("会計年度任用職員", "かいけいねんどにんようしょくいん", ["会任"]),
    ("住民説明会", "じゅうみんせつめいかい", ["地元説明会"]),
    ("除雪", "じょせつ", ["雪かき", "除排雪"]),
    ("生成AI", "せいせいえーあい", ["対話型AI", "文章生成AI"]),
    ("パブリックコメント", "ぱぶりっくこめんと", ["パブコメ", "意見募集", "意見公募"]),
    ("苦情", "くじょう", ["クレーム"]),
    ("電話対応", "でんわたいおう", ["電話応対", "電話の受け方"]),
    ("押印", "おういん", ["はんこ", "判子", "捺印"]),
    ("漏えい", "ろうえい", ["流出", "漏れる"]),
    ("誤送付", "ごそうふ", ["誤送信", "誤発送", "誤配信", "送り間違い"]),
    ("墨消し", "すみけし", ["黒塗り", "マスキング"]),
    ("返戻", "へんれい", ["返送", "戻ってきた郵便", "宛先不明"]),
    ("境界", "きょうかい", ["境目"]),
    ("新任職員", "しんにんしょくいん", ["新人", "新入職員", "新規採用職員"]),
    ("端末", "たんまつ", ["パソコン", "PC"]),
    ("冷房", "れいぼう", ["クーラー", "エアコン"]),
    ("在宅勤務", "ざいたくきんむ", ["テレワーク", "リモートワーク"]),
    ("高齢者", "こうれいしゃ", ["お年寄り"]),
    ("高齢者施設", "こうれいしゃしせつ", ["老人ホーム", "介護施設"]),
    ("特別養護老人ホーム", "とくべつようごろうじんほーむ", ["特養"]),
    ("ハラスメント", "はらすめんと", ["パワハラ", "パワーハラスメント", "セクハラ"]),
    ("鳥獣被害", "ちょうじゅうひがい", ["獣害", "動物の被害"]),
    ("転居", "てんきょ", ["引っ越し"]),
    ("見積書", "みつもりしょ", ["見積もり"]),
    ("事業承継", "じぎょうしょうけい", ["跡継ぎ", "店を継ぐ"]),
    ("分割納付", "ぶんかつのうふ", ["分割払い", "分納"]),
    ("滞納整理", "たいのうせいり", ["取り立て", "徴収"]),
    ("税", "ぜい", ["税金"]),
    ("自動車税", "じどうしゃぜい", ["車の税金"]),
    ("用地交渉", "ようちこうしょう", ["用地買収", "土地の買い取り"]),
    ("入札不調", "にゅうさつふちょう", ["応札のない入札", "入札に応募がない"]),
    ("スマートフォン", "すまーとふぉん", ["スマホ"]),
    ("社会福祉協議会", "しゃかいふくしきょうぎかい", ["社協"]),
    ("地域包括支援センター", "ちいきほうかつしえんせんたー", ["包括支援センター"]),
    ("防災行政無線", "ぼうさいぎょうせいむせん", ["防災無線", "同報無線"]),
    ("時間外勤務", "じかんがいきんむ", ["残業", "超過勤務"]),
    ("育児休業", "いくじきゅうぎょう", ["育休"]),
    ("議事録", "ぎじろく", ["会議録", "議事要旨"]),
    ("運営指導", "うんえいしどう", ["実地指導"]),
    ("ハザードマップ", "はざーどまっぷ", ["浸水の地図"]),
    ("穴ぼこ", "あなぼこ", ["道路の穴", "ポットホール"]),
    # These terms are for references that are written in English (docs/guide/imports.md).
    ("ヒヤリハット", "ひやりはっと", ["ニアミス", "close call", "near miss"]),
    ("溶接", "ようせつ", ["welding"]),
    ("腐食", "ふしょく", ["corrosion"]),
    ("亀裂", "きれつ", ["crack"]),
    ("落雷", "らくらい", ["lightning"]),
    ("感電", "かんでん", ["electric shock"]),
)


def load() -> None:
    """Creates the missing rows of all vocabularies. Can be repeated safely."""
    for model, rows in ((Theme, THEMES), (Scene, SCENES), (Stance, STANCES)):
        for order, (code, label) in enumerate(rows):
            model.objects.get_or_create(code=code, defaults={"label": label, "order": order})
    for label, kana, synonyms in TERMS:
        Term.objects.get_or_create(label=label, defaults={"kana": kana, "synonyms": synonyms})
