"""The parts of `script/bench search` that need the product's code. They run in the bench's copy.

rebuild NOUNS     measures a rebuild, a simple bulk write of the same documents, and recall@10 of noun queries
bare N            sends the engine queries of a search page N times, without the page, with 1 and with 8 clients
analysis          measures the characters analysed per second
The words to search for are read from standard input, as JSON. The last line printed is JSON. The engine is the
configured engine (SEARCH_URL).
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.conf import settings
from django.db import connections

import bench.product_internals  # noqa: F401 -- sets up Django, so it must be imported first
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
class RecordingEngine:
    """An engine that records its writes with the time that they took, and its queries."""

    engine: Engine
    seconds: float = 0.0
    changes: list[Change] = field(default_factory=list)
    queries: list[EngineQuery] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def write(self, changes: Sequence[Change], generation: str | None = None) -> Mapping[str, str]:
        began = time.perf_counter()
        refused = self.engine.write(changes, generation)
        self.seconds += time.perf_counter() - began
        self.changes += changes
        return refused

    def search(self, query: EngineQuery) -> EngineResult:
        self.queries.append(query)
        return self.engine.search(query)


def rebuilt(nouns: int) -> dict[str, float]:
    analyse("辞書を読む")
    recording = RecordingEngine(patient_engine())
    began = time.perf_counter()
    documents = rebuild(cast(Engine, recording))
    seconds = time.perf_counter() - began
    written = documents / recording.seconds
    bare = documents / bare_bulk(recording.changes)
    return {
        "documents": documents,
        "rebuild_seconds": seconds,
        "written": written,
        "bare_bulk": bare,
        "share": written / bare,
        **noun_recall(recording.engine, recording.changes, nouns, reader()),
    }


def bare(count: int) -> dict[str, Any]:
    """For each word, sends the queries of the page directly to the engine. Wider attempts are included."""
    queries_by_word = [engine_queries(word) for word in json.load(sys.stdin)]
    connections.close_all()
    chosen = patient_engine()
    is_embedded = isinstance(chosen, EmbeddedEngine)
    connect = (
        _embedded(cast(EmbeddedEngine, chosen), queries_by_word) if is_embedded else _elasticsearch(queries_by_word)
    )
    result: dict[str, Any] = {"questions": sum(map(len, queries_by_word)) / len(queries_by_word)}
    for clients in (1, 8):
        timings = at_once(clients, count, connect)
        result[str(clients)] = {"p50": timings.p50, "p95": timings.p95, "per_second": timings.per_second}
    return result


def engine_queries(word: str) -> list[EngineQuery]:
    request = parse({"q": [word]})
    recording = RecordingEngine(patient_engine())
    plan = plan_query(request, [group for source in sources().values() for group in source.synonyms()])
    rank(cast(Engine, recording), request, plan, gate(reader()))
    return recording.queries


def _embedded(chosen: EmbeddedEngine, queries_by_word: list[list[EngineQuery]]) -> Callable[[], Ask]:
    def connect() -> Ask:
        client_engine = EmbeddedEngine(chosen.path)

        def ask(number: int) -> bool:
            for query in queries_by_word[number % len(queries_by_word)]:
                client_engine.search(query)
            return True

        return ask

    return connect


def _elasticsearch(queries_by_word: list[list[EngineQuery]]) -> Callable[[], Ask]:
    """Sends prepared request bodies with the plain client: without a breaker, without our timeouts, without parsing
    the answers."""
    from elasticsearch import Elasticsearch

    from search.engines.elasticsearch_query import preference, searches

    def body(query: EngineQuery) -> list[dict[str, Any]]:
        header = {"index": settings.SEARCH_PREFIX, "preference": preference(query)}
        return [part for search in searches(query) for part in (header, search.to_dict())]

    bodies = [[body(query) for query in queries] for queries in queries_by_word]

    def connect() -> Ask:
        client = Elasticsearch(settings.SEARCH_URL)

        def ask(number: int) -> bool:
            for request in bodies[number % len(bodies)]:
                client.msearch(searches=request)
            return True

        return ask

    return connect


def analysis() -> dict[str, float]:
    """Returns the characters that one process analyses per second.

    SLICES parts of the test texts are measured. Each part has about SLICE characters.
    """
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


def patient_engine() -> Engine:
    """Returns the configured engine.

    A server gets long timeouts, so that on a busy machine the measurement becomes slower instead of failing.
    """
    chosen = engine()
    if isinstance(chosen, EmbeddedEngine):
        return chosen
    from search.engines.elasticsearch import ElasticsearchEngine
    from search.engines.elasticsearch_client import Patience, Server

    return ElasticsearchEngine(Server(settings.SEARCH_URL), settings.SEARCH_PREFIX, Patience(60, 60, 60))


def reader() -> User:
    return User.objects.get(login=READER)


if __name__ == "__main__":
    commands: dict[str, Callable[..., dict[str, Any]]] = {"rebuild": rebuilt, "bare": bare, "analysis": analysis}
    print(json.dumps(commands[sys.argv[1]](*map(int, sys.argv[2:]))))
