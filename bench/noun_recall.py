"""Recall of noun queries that are made from the test texts.

The bench has added references. N of them are chosen at even intervals. For each, the nouns in its first 2,000
characters are candidates (Sudachi, short units; common or proper; two letters or more). A noun is a candidate only if
it occurs in the bodies of at least three documents: a noun of a single document would find the document without any
ranking. The two rarest candidates are the query. If several are equally rare, their order in the text decides.

The text itself is the only right answer. So recall@10 is the share of queries that have the text among their first ten
hits. Nothing is random: the same texts give the same queries.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from sudachipy import Dictionary, SplitMode

from kb.models import Reference
from organization.models import User
from search.access import gate
from search.analysis import query_forms
from search.engines.base import Change, Engine, TokenKind
from search.evaluation import DEPTH
from search.pipeline import rank
from search.query import parse
from search.query_plan import plan_query

READ = 2_000
FEWEST = 3
KINDS_OF_NOUN = ("普通名詞", "固有名詞")


def texts() -> Iterator[str]:
    """Returns the test texts, in the order of the file."""
    with gzip.open(settings.SHARED_DATA / "load" / "passages.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def noun_recall(engine: Engine, changes: Sequence[Change], count: int, reader: User) -> dict[str, float]:
    """Returns the share of `count` noun queries that find their text among the first ten hits.

    Returns an empty dict if there are no references.
    """
    noun_queries = queries(changes, count)
    if not noun_queries:
        return {}
    reader_gate = gate(reader)
    recalled = 0
    for key, words in noun_queries:
        request = parse({"q": [words]})
        hits = rank(engine, request, plan_query(request, ()), reader_gate).hits
        recalled += key in [hit.key for hit in hits[:DEPTH]]
    return {"nouns": len(noun_queries), "recall": recalled / len(noun_queries)}


def queries(changes: Sequence[Change], count: int) -> list[tuple[str, str]]:
    """Returns the queries as pairs (key of the right document, two nouns)."""
    bodies = [
        change.document.tokens[TokenKind.UNIT].get("body", "") for change in changes if change.document is not None
    ]
    known = Counter(form for body in bodies for form in set(body.split()))
    rows = list(Reference.objects.filter(source__name="bench").order_by("pk").only("pk", "text"))
    tokenizer = Dictionary(dict=settings.SEARCH_DICTIONARY).tokenizer(mode=SplitMode.A)
    chosen = rows[:: max(1, len(rows) // count)][:count] if rows and count else []
    candidates = [(f"reference:{row.pk}", rarest(row.text[:READ], known, tokenizer)) for row in chosen]
    return [(key, " ".join(nouns)) for key, nouns in candidates if len(nouns) == 2]


def rarest(text: str, known: Counter[str], tokenizer: Any) -> list[str]:
    """Returns the two nouns of a text that occur in the fewest documents."""
    rare: dict[str, int] = {}
    for morpheme in tokenizer.tokenize(text):
        word, part = morpheme.surface(), morpheme.part_of_speech()
        if part[0] != "名詞" or part[1] not in KINDS_OF_NOUN or len(word) < 2 or word in rare or not word.isalpha():
            continue
        forms = query_forms(word)
        if len(forms) == 1 and known[forms[0]] >= FEWEST:
            rare[word] = known[forms[0]]
    return sorted(rare, key=lambda word: rare[word])[:2]
