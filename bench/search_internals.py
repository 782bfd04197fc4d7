"""The parts of `script/bench search` that need search's insides; run in the bench's own copy.

rebuild NOUNS     a new index, timed, beside a bare bulk of the same documents; and recall@10 of noun queries
bare N            N times a bare engine query for what the search page asks, at 1 and at 8 clients
analysis          characters a second
The words that are asked come on standard input, as JSON. The last line printed is JSON. The engine is the one that
settings choose (SEARCH_URL).
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.conf import settings
from django.db import connections

import bench.product_internals  # noqa: F401 -- sets Django up, so it comes before what needs it
from bench.bulk_baseline import bare_bulk
from bench.clients import Ask, at_once
from bench.noun_recall import noun_recall, texts
from organization.models import User
from search.access import gate
from search.analysis import analyse
from search.engines import engine
from search.engines.base import Change, Engine, EngineQuery, EngineResult
from search.engines.embedded import EmbeddedEngine
from search.generations import rebuild
from search.pipeline import rank
from search.query import parse
from search.query_plan import plan_query
from search.registry import sources

READER = "shippitsu"
SLICES, SLICE = 10, 100_000


@dataclass
class Watched:
    """The engine, with what is written to it timed and kept, and what is asked of it kept."""

    engine: Engine
    seconds: float = 0.0
    changes: list[Change] = field(default_factory=list)
    plans: list[EngineQuery] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def write(self, changes: Sequence[Change], generation: str | None = None) -> Mapping[str, str]:
        began = time.perf_counter()
        refused = self.engine.write(changes, generation)
        self.seconds += time.perf_counter() - began
        self.changes += changes
        return refused

    def search(self, plan: EngineQuery) -> EngineResult:
        self.plans.append(plan)
        return self.engine.search(plan)


def rebuilt(nouns: int) -> dict[str, float]:
    analyse("辞書を読む")
    watched = Watched(patient())
    began = time.perf_counter()
    documents = rebuild(cast(Engine, watched))
    seconds = time.perf_counter() - began
    written = documents / watched.seconds
    bare = documents / bare_bulk(watched.changes)
    return {
        "documents": documents,
        "rebuild_seconds": seconds,
        "written": written,
        "bare_bulk": bare,
        "share": written / bare,
        **noun_recall(watched.engine, watched.changes, nouns, reader()),
    }


def bare(count: int) -> dict[str, Any]:
    """What the page asks for each word (a wider question after a narrow one included), sent straight to the engine."""
    asked = [plans(word) for word in json.load(sys.stdin)]
    connections.close_all()
    chosen = patient()
    connect = _embedded(chosen, asked) if isinstance(chosen, EmbeddedEngine) else _elasticsearch(asked)
    found: dict[str, Any] = {"questions": sum(map(len, asked)) / len(asked)}
    for clients in (1, 8):
        taken = at_once(clients, count, connect)
        found[str(clients)] = {"p50": taken.p50, "p95": taken.p95, "per_second": taken.per_second}
    return found


def plans(word: str) -> list[EngineQuery]:
    request = parse({"q": [word]})
    watched = Watched(patient())
    words = plan_query(request, [group for source in sources().values() for group in source.synonyms()])
    rank(cast(Engine, watched), request, words, gate(reader()))
    return watched.plans


def _embedded(chosen: EmbeddedEngine, asked: list[list[EngineQuery]]) -> Callable[[], Ask]:
    def connect() -> Ask:
        one = EmbeddedEngine(chosen.path)

        def ask(number: int) -> bool:
            for plan in asked[number % len(asked)]:
                one.search(plan)
            return True

        return ask

    return connect


def _elasticsearch(asked: list[list[EngineQuery]]) -> Callable[[], Ask]:
    """Bodies that are ready, and the plain client: no breaker, no patience, nothing read of the answers."""
    from elasticsearch import Elasticsearch

    from search.engines import elasticsearch_query as queries

    def body(plan: EngineQuery) -> list[dict[str, Any]]:
        header = {"index": settings.SEARCH_PREFIX, "preference": queries.preference(plan)}
        return [part for question in queries.searches(plan) for part in (header, question.to_dict())]

    bodies = [[body(plan) for plan in of_a_word] for of_a_word in asked]

    def connect() -> Ask:
        client = Elasticsearch(settings.SEARCH_URL)

        def ask(number: int) -> bool:
            for one in bodies[number % len(bodies)]:
                client.msearch(searches=one)
            return True

        return ask

    return connect


def analysis() -> dict[str, float]:
    """Of SLICES pieces of the load's texts, each of about SLICE characters: characters a second, one process."""
    analyse("辞書を読む")
    rates: list[float] = []
    characters, began = 0, time.perf_counter()
    for text in texts():
        analyse(text[: settings.SEARCH_FIELD_LIMIT])
        characters += len(text[: settings.SEARCH_FIELD_LIMIT])
        if characters >= SLICE:
            rates.append(characters / (time.perf_counter() - began))
            characters, began = 0, time.perf_counter()
            if len(rates) == SLICES:
                break
    rates.sort()
    return {"median": rates[len(rates) // 2], "slowest": rates[0]}


def patient() -> Engine:
    """The engine that settings choose; where it is a server, one that waits: a busy machine is measured, no error."""
    chosen = engine()
    if isinstance(chosen, EmbeddedEngine):
        return chosen
    from search.engines.elasticsearch import ElasticsearchEngine
    from search.engines.elasticsearch_client import Patience, Server

    return ElasticsearchEngine(Server(settings.SEARCH_URL), settings.SEARCH_PREFIX, Patience(60, 60, 60))


def reader() -> User:
    return User.objects.get(login=READER)


if __name__ == "__main__":
    wanted: dict[str, Callable[..., dict[str, Any]]] = {"rebuild": rebuilt, "bare": bare, "analysis": analysis}
    print(json.dumps(wanted[sys.argv[1]](*map(int, sys.argv[2:]))))
