"""``manage.py search_evaluate DIR…`` computes how well search answers judged questions.

It measures the configured engine. If this is not the embedded engine, it also measures the embedded engine for
comparison.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from search.engines import EMBEDDED, engine_name, temporary
from search.engines.base import KINDS, TokenKind
from search.evaluation import Answer, Figures, agreeing, ask, figures, load
from search.judgements import JudgedCollection, JudgedDocumentsMissing, read, read_pairs

_COLUMNS = ("問い", "nDCG@10", "recall@10", "MRR@10", "success@1", "0件", "p50 ms", "p95 ms")


#: The number of spelling pairs that find anything, and the pairs whose two spellings find different documents.
_Agreement = tuple[int, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class _Run:
    """The answers of one engine to the questions of one collection."""

    engine: str
    answers: list[Answer]


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
        runs: dict[str, _Run] = {}
        agreements: dict[str, _Agreement] = {}
        titles: dict[str, str] = {}
        for folder in options["folders"]:
            collection = self._read(folder, options["first"])
            titles |= {document.key.partition(":")[2]: document.title for document in collection.documents}
            for name in dict.fromkeys((engine_name(), EMBEDDED)):
                label = folder.name if name == engine_name() else f"{folder.name} ({name})"
                with temporary(name) as engine:
                    load(engine, collection)
                    for kinds in options["kinds"] or [KINDS]:
                        full_label = label if set(kinds) == set(KINDS) else f"{label} {'+'.join(kinds)}"
                        runs[full_label] = _Run(name, ask(engine, collection, kinds))
                    if options["variants"]:
                        agreements[label] = agreeing(engine, read_pairs(options["variants"]))
        rows = {label: figures(run.answers) for label, run in runs.items()}
        if options["by_kind"]:
            rows = {key: row for label, run in runs.items() for key, row in _by_kind(label, run.answers).items()}
        if options["json"]:
            self.stdout.write(_as_json(runs, rows, agreements))
            return
        Console().print(_table(rows))
        self._print_agreements(agreements, options["misses"] or 0)
        if options["misses"]:
            for label, run in runs.items():
                self._print_misses(label, run.answers, titles, options["misses"])

    def _read(self, folder: Path, first: int | None) -> JudgedCollection:
        try:
            collection = read(folder, first)
        except FileNotFoundError as error:
            raise CommandError(f"{error.filename} がありません。") from error
        except JudgedDocumentsMissing as error:
            raise CommandError(
                f"{folder} が判定しているデモの文書が、このデータベースにそろっていません（{error}）。"
                "script/server --fresh で入れ直すか、corpus.jsonl を置いてください。"
            ) from error
        return replace(collection, documents=list(collection.documents))

    def _print_agreements(self, agreements: dict[str, _Agreement], examples: int) -> None:
        for label, (count, differing) in agreements.items():
            agreeing_count = count - len(differing)
            self.stdout.write(f"{label}：表記の組 {count:,} のうち、同じ文書を見つけるもの {agreeing_count:,}")
            for first, second in differing[:examples]:
                self.stdout.write(f"    {first}　{second}")

    def _print_misses(self, label: str, answers: list[Answer], titles: dict[str, str], count: int) -> None:
        """Prints the worst questions, with their top results and with the expected results."""
        self.stdout.write(f"\n{label}：うまく答えられなかった問い")
        for answer in sorted(answers, key=lambda answer: (answer.ndcg, answer.question.id))[:count]:
            grades = answer.question.grades
            self.stdout.write(f"\n{answer.ndcg:.2f}　{answer.question.id}　{answer.question.text}")
            for rank, key in enumerate(answer.ranked[:5], 1):
                self.stdout.write(f"    {rank}. [{grades.get(key, '-')}] {key}　{titles.get(key, '')}")
            for key, grade in sorted(grades.items(), key=lambda pair: -pair[1]):
                if key not in answer.ranked[:5]:
                    place = str(answer.ranked.index(key) + 1) if key in answer.ranked else "圏外"
                    self.stdout.write(f"    {place} ← [{grade}] {key}　{titles.get(key, '')}")


def _as_json(runs: dict[str, _Run], rows: dict[str, Figures], agreements: dict[str, _Agreement]) -> str:
    payload = {label: {"engine": runs[label.partition("/")[0]].engine, **row.named()} for label, row in rows.items()}
    for label, (count, differing) in agreements.items():
        payload[label]["variants_agree"] = 1 - len(differing) / max(1, count)
    return json.dumps(payload, indent=2, ensure_ascii=False)


def _table(rows: dict[str, Figures]) -> Table:
    table = Table(engine_name(), *_COLUMNS)
    for label, row in rows.items():
        shares = (f"{share:.4f}" for share in (row.ndcg, row.recall, row.mrr, row.success))
        table.add_row(label, f"{row.questions:,}", *shares, f"{row.zero_hits}", f"{row.p50:.1f}", f"{row.p95:.1f}")
    return table


def _by_kind(label: str, answers: list[Answer]) -> dict[str, Figures]:
    kinds = sorted({answer.question.kind for answer in answers} - {""})
    parts = {
        f"{label}/{kind}": figures([answer for answer in answers if answer.question.kind == kind]) for kind in kinds
    }
    return {label: figures(answers), **parts}


def _kinds(text: str) -> tuple[TokenKind, ...]:
    """Parses "a,c,b". argparse turns a ValueError into its own message."""
    kinds = tuple(kind for kind in KINDS if kind in text.split(","))
    if len(kinds) != len(text.split(",")):
        raise ValueError(text)
    return kinds
