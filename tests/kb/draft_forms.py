"""Helpers for tests of the forms: complete form data by field name, and how a browser sends it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from kb.models import Challenge, Draft, Lesson, Retrospective
from organization.models import Person

KPT = {
    "subject": "秋の住民説明会",
    "answer-keep": "前日に想定問答を声に出して読み合わせた。質問に落ち着いて答えられた。",
    "answer-problem": "受付の列が二つに分かれ、資料がたりなくなった。",
    "answer-try": "受付係が開場30分前に資料の数を確かめる。次回から始める。",
    "audience": "unit",
    "blameless_ok": "on",
}
POSTMORTEM = {
    "subject": "通知の誤送付",
    **{
        f"answer-{key}": f"{key}について、分かったことを順に書いた。"
        for key in (
            "summary",
            "impact",
            "course",
            "noticed",
            "factors",
            "good",
            "response",
        )
    },
    "fact-started_at": "2026-01-13T09:00",
    "fact-detected_at": "2026-01-13T10:30",
    "fact-resolved_at": "2026-01-13T17:15",
    "fact-detected_by": "citizen",
    "fact-impact_who": "通知を受け取る予定の世帯",
    "fact-impact_n": "12",
    "fact-contributing": ["procedure", "tool"],
    "fact-timeline-0-at": "2026-01-13T09:00",
    "fact-timeline-0-fact": "封入を始めた",
    "audience": "unit",
    "blameless_ok": "on",
}
LESSON = {
    "title": "避難所の受付は、屋外に一つだけ置く",
    "observation": "入口に受付を二つ置いたところ、名簿が二重になり、照合に三時間かかった。",
    "applies_when": "短い時間に、大勢を名簿と照らし合わせるとき",
    "citizen_effect": "家族の安否が早く分かる。",
    "external": "夏の避難訓練",
    "kind": "improve",
    "audience": "unit",
}
CHALLENGE = {
    "title": "除雪車の出動を、前の晩に決める",
    "hypothesis": "前の晩に決めれば、朝七時の通行止めが半分になるはず。",
    "precedent_gap": "これまでは朝四時に決めていた。",
    "citizen_effect": "通学の時刻に道が通れる。",
    "premortem": "空振りが続いた\n協力会社が減った",
    "smallest_trial": "二つの路線で、二週間だけ。",
    "success_measure": "通行止めの回数が半分",
    "stop_rule": "空振りが三回続いたらやめる。",
    "audience": "unit",
}
FILLED = {"kpt": KPT, "postmortem": POSTMORTEM, "lesson": LESSON, "challenge": CHALLENGE}


def filled(key: str, person: Person, **changes: Any) -> dict[str, Any]:
    """Complete data for the form `key`. A challenge needs a head post in the writer's unit, as its sponsor."""
    data: dict[str, Any] = {**FILLED[key]}
    if key == "challenge":
        unit = person.appointments.get().post.unit
        data["sponsor_post"] = str(unit.posts.get(is_head=True).uid)
    return {**data, **changes}


def new_draft(person: Person, key: str = "kpt", **data: Any) -> Draft:
    is_format = key not in (Lesson.type_code(), Challenge.type_code())
    kind = Retrospective.type_code() if is_format else key
    return Draft.objects.create(author=person, kind=kind, format=key if is_format else "", data=data)


def send(client: Any, url: str, data: dict[str, Any]) -> Any:
    """POST the data as a browser does: urlencoded, not multipart."""
    return client.post(url, urlencode(data, doseq=True), content_type="application/x-www-form-urlencoded")


def press(client: Any, draft: Draft, button: str, data: dict[str, Any], value: str = "1", **more: Any) -> Any:
    """Press a button of the draft's form, in a window that shows its current version."""
    version = Draft.objects.get(pk=draft.pk).version
    return send(client, draft.get_absolute_url(), {"version": version, **data, **more, button: value})


def ended_challenge(challenge: Challenge) -> Challenge:
    challenge.stage = Challenge.Stage.ENDED
    challenge.outcome = Challenge.Outcome.LEARNED
    challenge.save(clean=False)
    return challenge
