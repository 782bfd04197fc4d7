"""``manage.py search_evaluate DIR…``: how well judged questions are answered.

By the engine that settings choose; where that is not the embedded one, by the embedded one too, for comparison.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from search.engines import EMBEDDED, chosen, temporary
from search.engines.base import KINDS, Kind
from search.evaluation import Answer, Figures, agreeing, ask, figures, load
from search.judged import Judged, JudgedDocumentsMissing, read, read_pairs

_COLUMNS = ("問い", "nDCG@10", "recall@10", "MRR@10", "success@1", "0件", "p50 ms", "p95 ms")


class Command(BaseCommand):
    help = (
        "判定済みの問い（queries.jsonl と qrels.tsv のあるフォルダー）で、順位のよさを測ります。"
        "corpus.jsonl がなければ、このデータベースにあるデモの文書で測ります。"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
        parser.add_argument("--first", type=int, help="はじめの何問だけを測るか")
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--by-kind", action="store_true", help="問いの種類（kind）ごとの行も出す")
        parser.add_argument("--misses", type=int, metavar="N", help="うまく答えられなかった問いを、悪い順に N 件出す")
        parser.add_argument("--variants", type=Path, metavar="TSV", help="同じ意味の表記の組が、同じ文書を見つけるか")
        parser.add_argument(
            "--kinds", type=_kinds, action="append", metavar="a,c,b", help="使う語の種類を限って測る（何度でも）"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        answers: dict[str, list[Answer]] = {}
        engines: dict[str, str] = {}
        titles: dict[str, str] = {}
        agree: dict[str, tuple[int, list[tuple[str, str]]]] = {}
        for folder in options["folders"]:
            judged = self._read(folder, options["first"])
            for called in dict.fromkeys((chosen(), EMBEDDED)):
                place = folder.name if called == chosen() else f"{folder.name} ({called})"
                with temporary(called) as engine:
                    load(engine, judged)
                    for kinds in options["kinds"] or [KINDS]:
                        name = place if set(kinds) == set(KINDS) else f"{place} {'+'.join(kinds)}"
                        answers[name], engines[name] = ask(engine, judged, kinds), called
                    if options["variants"]:
                        agree[place] = agreeing(engine, read_pairs(options["variants"]))
            titles |= {document.key.partition(":")[2]: document.title for document in judged.documents}
        rows = {name: figures(found) for name, found in answers.items()}
        if options["by_kind"]:
            rows = {key: row for name, found in answers.items() for key, row in _by_kind(name, found).items()}
        if options["json"]:
            named = {name: {"engine": engines[name.partition("/")[0]], **row.named()} for name, row in rows.items()}
            for name, (count, differ) in agree.items():
                named[name]["variants_agree"] = 1 - len(differ) / max(1, count)
            self.stdout.write(json.dumps(named, indent=2, ensure_ascii=False))
        else:
            Console().print(self._table(rows))
            for name, (count, differ) in agree.items():
                self.stdout.write(f"{name}：表記の組 {count:,} のうち、同じ文書を見つけるもの {count - len(differ):,}")
                for one, other in differ[: options["misses"] or 0]:
                    self.stdout.write(f"    {one}　{other}")
        if options["misses"] and not options["json"]:
            for name, found in answers.items():
                self._misses(name, found, titles, options["misses"])

    def _read(self, folder: Path, first: int | None) -> Judged:
        try:
            judged = read(folder, first)
        except FileNotFoundError as error:
            raise CommandError(f"{error.filename} がありません。") from error
        except JudgedDocumentsMissing as error:
            raise CommandError(
                f"{folder} が判定しているデモの文書が、このデータベースにそろっていません（{error}）。"
                "script/server --fresh で入れ直すか、corpus.jsonl を置いてください。"
            ) from error
        return Judged(judged.name, list(judged.documents), judged.questions, judged.synonyms)

    def _table(self, rows: dict[str, Figures]) -> Table:
        table = Table(chosen(), *_COLUMNS)
        for name, row in rows.items():
            shares = (row.ndcg, row.recall, row.mrr, row.success)
            table.add_row(
                name, f"{row.questions:,}", *(f"{share:.4f}" for share in shares),
                f"{row.zero_hits}", f"{row.p50:.1f}", f"{row.p95:.1f}",
            )  # fmt: skip
        return table

    def _misses(self, name: str, answers: list[Answer], titles: dict[str, str], count: int) -> None:
        """The worst questions: what stood on top, and what should have."""
        self.stdout.write(f"\n{name}：うまく答えられなかった問い")
        for answer in sorted(answers, key=lambda answer: (answer.ndcg, answer.question.id))[:count]:
            grades = answer.question.grades
            self.stdout.write(f"\n{answer.ndcg:.2f}　{answer.question.id}　{answer.question.text}")
            for rank, key in enumerate(answer.ranked[:5], 1):
                self.stdout.write(f"    {rank}. [{grades.get(key, '-')}] {key}　{titles.get(key, '')}")
            for key, grade in sorted(grades.items(), key=lambda pair: -pair[1]):
                if key not in answer.ranked[:5]:
                    place = str(answer.ranked.index(key) + 1) if key in answer.ranked else "圏外"
                    self.stdout.write(f"    {place} ← [{grade}] {key}　{titles.get(key, '')}")


def _by_kind(name: str, answers: list[Answer]) -> dict[str, Figures]:
    kinds = sorted({answer.question.kind for answer in answers} - {""})
    parts = {f"{name}/{kind}": figures([a for a in answers if a.question.kind == kind]) for kind in kinds}
    return {name: figures(answers), **parts}


def _kinds(text: str) -> tuple[Kind, ...]:
    """ "a,c,b" as kinds of token; argparse shows the message of a ValueError's own kind only."""
    chosen = tuple(kind for kind in KINDS if kind in text.split(","))
    if len(chosen) != len(text.split(",")):
        raise ValueError(text)
    return chosen
