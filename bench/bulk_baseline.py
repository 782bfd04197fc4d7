"""The simplest way to write analysed documents to the store of each engine. A rebuild is compared with this baseline.

The tables and the mapping are the same as in the product. The store is empty, and it is deleted afterwards. No versions
are compared, no bitmaps are written (SQLite), and nothing is verified.
"""

import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from django.conf import settings

from search.engines import temporary
from search.engines.base import FIELDS, KINDS, Change
from search.engines.embedded import EmbeddedEngine


def bare_bulk(changes: Sequence[Change]) -> float:
    """Returns the seconds until everything is written and readable. There is only one commit or refresh, at the end."""
    with temporary() as engine:
        name = engine.create("bare")
        return _sqlite(engine, name, changes) if isinstance(engine, EmbeddedEngine) else _elasticsearch(name, changes)


def _sqlite(engine: EmbeddedEngine, name: str, changes: Sequence[Change]) -> float:
    """Writes the rows in one transaction. The rows are prepared before the measurement starts."""
    rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in ("doc", *KINDS)}
    for number, change in enumerate(changes, 1):
        assert change.document is not None
        signals = json.dumps(change.document.signals.named())
        rows["doc"].append((number, change.key, change.version, 1, change.document.newest, signals, "[]"))
        for kind in KINDS:
            if fields := change.document.tokens.get(kind):
                rows[kind].append((number, *(fields.get(part, "") for part in FIELDS)))
    columns = {"doc": "id, key, version, live, newest, signals, codes"}
    columns.update(dict.fromkeys(KINDS, f"rowid, {', '.join(FIELDS)}"))
    with closing(sqlite3.connect(engine.path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = NORMAL")
        began = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        for table, values in rows.items():
            marks = ", ".join("?" * len(columns[table].split(",")))
            sql = f"INSERT INTO {name}_{table} ({columns[table]}) VALUES ({marks})"  # noqa: S608 -- our own table names
            db.executemany(sql, values)
        db.execute("COMMIT")
        return time.perf_counter() - began


def _elasticsearch(name: str, changes: Sequence[Change]) -> float:
    """Writes with the client's bulk helper and its default sizes. The bodies are prepared before the measurement
    starts."""
    from elasticsearch import Elasticsearch
    from elasticsearch.helpers import bulk

    from search.engines.elasticsearch_document import action

    actions = [action(change, name) for change in changes]
    with closing(Elasticsearch(settings.SEARCH_URL, request_timeout=60)) as client:
        began = time.perf_counter()
        bulk(client, actions)
        client.indices.refresh(index=name)
        return time.perf_counter() - began
