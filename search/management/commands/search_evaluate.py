"""``manage.py search_evaluate DIR…``: how well judged questions are answered."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.table import Table

from search.engines import temporary
from search.evaluation import Figures, evaluate

_COLUMNS = ("問い", "nDCG@10", "MRR@10", "recall@10", "success@1", "0件", "p50 ms", "p95 ms")


class Command(BaseCommand):
    help = "判定済みの問い（corpus.jsonl、queries.jsonl、qrels.tsv のあるフォルダー）で、順位のよさを測ります。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
        parser.add_argument("--first", type=int, help="はじめの何問だけを測るか")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        found: dict[str, Figures] = {}
        for folder in options["folders"]:
            with temporary() as engine:
                found[folder.name] = evaluate(engine, folder, options["first"])
        if options["json"]:
            self.stdout.write(json.dumps({name: asdict(figures) for name, figures in found.items()}, indent=2))
            return
        table = Table("", *_COLUMNS)
        for name, figures in found.items():
            shares = (figures.ndcg, figures.mrr, figures.recall, figures.success)
            times = (figures.p50, figures.p95)
            table.add_row(
                name, f"{figures.questions:,}", *(f"{share:.4f}" for share in shares),
                f"{figures.zero_hits}", *(f"{time:.1f}" for time in times),
            )  # fmt: skip
        Console().print(table)
