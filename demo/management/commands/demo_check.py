"""Checks that the small demo is written by hand and not combined by a program: `manage.py demo_check`.

It refuses a sentence that occurs in more than three items, two items that are too similar, and two runs with different
results. Each step of a path must have its own reason (`why`). The item or course that a step names must exist.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.content import Content, build_content
from demo.learning import course_codes, path_tables
from demo.world import build_world
from learning.models import StepType
from organization import clock

SENTENCE_IN = 3
JACCARD = 0.4
SHINGLE = 5


def sentences(content: Content) -> set[str]:
    """Returns the sentences of an item without list marks. Sentences with fewer than eight characters are left out."""
    parts = (
        re.sub(r"^[\s\-*・|0-9.]+", "", part).strip()
        for text in content.texts()
        for part in re.split(r"[。\n！？]", text)
    )
    return {sentence for sentence in parts if len(sentence) >= 8}


def shingles(content: Content) -> set[str]:
    text = re.sub(r"\s+", "", "".join(content.texts()))
    return {text[i : i + SHINGLE] for i in range(len(text) - SHINGLE + 1)}


def item_problems(items: list[Content]) -> list[str]:
    """Returns the problems of `items`, one line for each problem."""
    holders: dict[str, list[str]] = {}
    for content in items:
        for sentence in sentences(content):
            holders.setdefault(sentence, []).append(content.key)
    problems = [
        f"同じ文が{len(keys)}件にあります：{s}（{'、'.join(keys)}）"
        for s, keys in holders.items()
        if len(keys) > SENTENCE_IN
    ]
    sets = [(content.key, shingles(content)) for content in items]
    for (a, left), (b, right) in combinations(sets, 2):
        if len(left & right) >= JACCARD * len(left | right) > 0:
            problems.append(f"二つの項目が似すぎています：{a} と {b}")
    return problems


def path_problems(tables: list[dict[str, Any]], items: list[Content], courses: set[str]) -> list[str]:
    """Returns the problems of the learning paths, one line for each problem."""
    keys = {content.key for content in items}
    problems: list[str] = []
    step_by_reason: dict[str, str] = {}
    kinds: set[str] = set()
    for table in tables:
        for step in (step for group in table["group"] for step in group["step"]):
            where = f"{table['key']}「{step['title']}」"
            kinds.add(step["type"])
            if not step.get("why") or not step.get("minutes"):
                problems.append(f"なぜ・目安の分のないステップです：{where}")
            if (other := step_by_reason.setdefault(step["why"], where)) != where:
                problems.append(f"同じ「なぜ」です：{other} と {where}")
            if step.get("item", "") not in keys | {""} or step.get("course", "") not in courses | {""}:
                problems.append(f"ないものを指しているステップです：{where}")
    if missing := set(StepType.values) - kinds:
        problems.append(f"どの学習パスにもない種別があります：{'、'.join(sorted(missing))}")
    return problems


class Command(BaseCommand):
    help = "デモの内容が手書きで、二度作っても同じであることを確かめます。"

    def handle(self, *args: Any, **options: Any) -> None:
        today = clock.today()
        worlds = [build_world("small", today) for _ in range(2)]
        units = [u.code for u in worlds[0].units]
        runs = [build_content("small", today, units) for _ in range(2)]
        paths = path_tables()
        problems = item_problems(runs[0]) + path_problems(paths, runs[0], course_codes())
        if worlds[0] != worlds[1] or runs[0] != runs[1]:
            problems.append("二度作ったデモが同じになりません。")
        long = sum(400 <= sum(map(len, c.texts())) <= 1500 for c in runs[0])
        if long < 120:
            problems.append(f"400〜1,500文字の項目が120件に足りません（{long}件）。")
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(
            f"デモの内容：{len(runs[0])}件（うち400〜1,500文字 {long}件）、{len(worlds[0].staff)}人、学習パス{len(paths)}。問題はありません。"
        )
