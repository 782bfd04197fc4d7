"""The embedded engine: SQLite FTS5 in one file that can be rebuilt at any time. It needs no installation and no server.

Each generation is a set of tables: the documents, four FTS5 tables (one per token kind), and the bitmaps. There is one
bitmap for every audience token and for every facet code. Bit n of a bitmap belongs to document n. First, FTS5 alone
matches the words. Then permission, filters and counts are ANDs of bitmaps. So no query joins the full-text index with
another table, and no query can become a scan of all documents.

Many processes and threads may use the file at once: it is in WAL mode, and each thread has its own connection. After a
fork, or when the file was replaced, a new connection is made.
"""

# ruff: noqa: S608 -- table names are made here from a number and a letter; every value is a parameter

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from search.engines.base import (
    FIELDS,
    KINDS,
    Change,
    EngineQuery,
    EngineResult,
    EngineUnavailable,
    Generation,
    GenerationGone,
    IndexLost,
)
from search.engines.embedded_search import Search
from search.engines.embedded_writer import Writer
from search.engines.validation import rejection

_READ_WAIT_MS = 400  # a search must answer within a second, from the database if necessary
_WRITE_WAIT_MS = 10_000
#: If less disk space than this is free, a write may fail at any moment.
_FREE_BYTES = 16 * 1024 * 1024
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}
# With `ascii` and all punctuation characters in tokenchars, texts are split only at white space. unicode61 would split
# c++ and drop ㈱.
_TOKENIZE = "ascii tokenchars '!\"\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~'"

_GENERATION_TABLE = """
CREATE TABLE IF NOT EXISTS generation (name INTEGER PRIMARY KEY AUTOINCREMENT, stamp TEXT NOT NULL,
                                       live INTEGER NOT NULL)
"""
_SCHEMA = """
CREATE TABLE {g}_doc (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,
                      live INTEGER NOT NULL, newest REAL NOT NULL, signals TEXT NOT NULL, codes TEXT NOT NULL);
CREATE INDEX {g}_newest ON {g}_doc (newest DESC, id DESC);
CREATE TABLE {g}_bits (field TEXT NOT NULL, value TEXT NOT NULL, bits BLOB NOT NULL, PRIMARY KEY (field, value));
"""


class EmbeddedEngine:
    """One index file. `path` must be on a file system that all processes of one machine share."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._local = threading.local()

    # --- generations -------------------------------------------------------------------------

    def generations(self) -> list[Generation]:
        with self._reading() as db:
            rows = db.execute("SELECT name, stamp, live FROM generation ORDER BY name")
            return [Generation(f"g{number}", stamp, bool(live)) for number, stamp, live in rows]

    def create(self, stamp: str) -> str:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._writing(make=True) as db:
            number = db.execute("INSERT INTO generation (stamp, live) VALUES (?, 0)", (stamp,)).lastrowid
            name = f"g{number}"
            for statement in _SCHEMA.format(g=name).split(";"):
                db.execute(statement)
            for kind in KINDS:
                columns = ", ".join(FIELDS)
                db.execute(f'CREATE VIRTUAL TABLE {name}_{kind} USING fts5({columns}, tokenize = "{_TOKENIZE}")')
        return name

    def swap(self, name: str) -> None:
        with self._writing() as db:
            self._require(db, name)
            for kind in KINDS:
                db.execute(f"INSERT INTO {name}_{kind} ({name}_{kind}) VALUES ('optimize')")
            db.execute("UPDATE generation SET live = (name = ?)", (int(name[1:]),))
            for (other,) in db.execute("SELECT name FROM generation WHERE live = 0").fetchall():
                self._drop(db, f"g{other}")
        with self._writing() as db:
            db.execute("ANALYZE")

    def drop(self, name: str) -> None:
        with self._writing() as db:
            self._drop(db, name)

    def reset(self) -> None:
        self._forget_connection()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    # --- writing -----------------------------------------------------------------------------

    def write(self, changes: Sequence[Change], generation: str | None = None) -> dict[str, str]:
        refused = {change.key: reason for change in changes if (reason := rejection(change))}
        with self._writing() as db:
            if generation is None:
                names = [f"g{number}" for (number,) in db.execute("SELECT name FROM generation")]
            else:
                self._require(db, generation)
                names = [generation]
            for name in names:
                Writer(db, name).apply(change for change in changes if change.key not in refused)
        return refused

    # --- reading -----------------------------------------------------------------------------

    def stored(self, keys: Collection[str]) -> dict[str, int]:
        with self._reading() as db:
            sql = f"SELECT key, version FROM {self._live(db)}_doc WHERE key IN (SELECT value FROM json_each(?))"
            return dict(db.execute(sql, (json.dumps(list(keys)),)))

    def entries(self, generation: str | None = None) -> Iterator[tuple[str, int]]:
        with self._reading() as db:
            name = generation or self._live(db)
            rows = db.execute(f"SELECT key, version FROM {name}_doc WHERE live ORDER BY key").fetchall()
        yield from rows

    def highest_version(self) -> int:
        with self._reading() as db:
            return db.execute(f"SELECT COALESCE(MAX(version), 0) FROM {self._live(db)}_doc").fetchone()[0]

    def search(self, query: EngineQuery) -> EngineResult:
        with self._reading() as db:
            return Search(db, self._live(db), query).run()

    def health(self) -> list[str]:
        try:
            self.generations()
        except IndexLost:  # the worker rebuilds the index without being asked
            return []
        except EngineUnavailable as error:
            return [f"索引のファイル {self.path} を読めません（{error}）。ディスクの空きと権限を確かめてください。"]
        return [self._disk_full()] if shutil.disk_usage(self.path.parent).free < _FREE_BYTES else []

    def _disk_full(self) -> str:
        return (
            f"索引のファイル {self.path} を置くディスクがいっぱいです。空きを作ってください"
            "（空けば書き込みは自動で再開します）。"
        )

    # --- connections -------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A read transaction on one snapshot. A swap during a search does not affect the search."""
        with self._transaction("BEGIN", _READ_WAIT_MS, make=False) as db:
            yield db

    @contextmanager
    def _writing(self, *, make: bool = False) -> Iterator[sqlite3.Connection]:
        with self._transaction("BEGIN IMMEDIATE", _WRITE_WAIT_MS, make=make) as db:
            yield db

    @contextmanager
    def _transaction(self, begin: str, wait: int, *, make: bool) -> Iterator[sqlite3.Connection]:
        db = None
        try:
            db = self._connection(make=make)
            db.execute(f"PRAGMA busy_timeout = {wait}")
            db.execute(begin)
            yield db
            db.execute("COMMIT")
        except sqlite3.Error as error:
            self._forget_connection()
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            kind = EngineUnavailable if code in _BUSY else IndexLost
            advice = self._disk_full() if code == sqlite3.SQLITE_FULL else ""
            raise kind(f"{type(error).__name__}: {error}", advice=advice) from error
        except BaseException:
            if db is not None and db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _connection(self, *, make: bool) -> sqlite3.Connection:
        """Returns this thread's connection to the current file. A new connection is made if another process replaced
        the file."""
        try:
            status = self.path.stat()
            identity = (os.getpid(), status.st_dev, status.st_ino)
        except OSError:
            if not make:
                self._forget_connection()
                raise IndexLost(f"no index file at {self.path}") from None
            identity = None
        known = getattr(self._local, "identity", None)
        if identity is not None and identity == known:
            return self._local.connection
        self._forget_connection()
        mode = "rwc" if make else "rw"
        db = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA cache_size = -16000")
        # The file is not memory-mapped. If a memory-mapped file is truncated, the process is killed and no error is
        # raised.
        if make:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(_GENERATION_TABLE)
        status = self.path.stat()
        self._local.connection, self._local.identity = db, (os.getpid(), status.st_dev, status.st_ino)
        return db

    def _forget_connection(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            return
        if self._local.identity[0] == os.getpid():
            connection.close()
        else:  # the connection comes from before a fork: closing it here would release the parent's locks
            _inherited.append(connection)
        self._local.connection = self._local.identity = None

    @staticmethod
    def _live(db: sqlite3.Connection) -> str:
        row = db.execute("SELECT name FROM generation WHERE live").fetchone()
        if row is None:
            raise IndexLost("まだ索引がありません")
        return f"g{row[0]}"

    @staticmethod
    def _require(db: sqlite3.Connection, name: str) -> None:
        if not db.execute("SELECT 1 FROM generation WHERE name = ?", (int(name[1:]),)).fetchone():
            raise GenerationGone(name)

    @staticmethod
    def _drop(db: sqlite3.Connection, name: str) -> None:
        for table in ("doc", "bits", *KINDS):
            db.execute(f"DROP TABLE IF EXISTS {name}_{table}")
        db.execute("DELETE FROM generation WHERE name = ?", (int(name[1:]),))


_inherited: list[sqlite3.Connection] = []
