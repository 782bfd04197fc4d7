"""The embedded engine: SQLite FTS5 in a disposable file of its own. Nothing to install or to start.

Each generation is a set of tables: documents, four FTS5 tables (one a kind of token), and one bitmap
for every audience token and facet code, in which bit n stands for document n. Words are matched
first, by FTS5 alone; permission, filters and counts are then ANDs of bitmaps, so no query joins the
full-text index to anything and none can fall into a scan of all documents. Safe with many processes
and threads: WAL, a connection a thread, a new one after a fork or when the file was replaced.
"""

# ruff: noqa: S608 -- table names are made here, of a number and a letter; every value is a parameter

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import nsmallest
from pathlib import Path

from search.engines.base import (
    FIELDS,
    KINDS,
    Change,
    Clause,
    EngineHit,
    EngineUnavailable,
    Found,
    Generation,
    GenerationGone,
    IndexedDocument,
    IndexLost,
    Match,
    Plan,
    Signals,
)  # fmt: skip
from search.engines.bitmaps import all_of, at_least, bitmap, numbers, tester, to_bytes
from search.engines.limits import problem

_READ_WAIT_MS = 400  # a search must answer, from the database if need be, within a second
_WRITE_WAIT_MS = 10_000
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}
# `ascii` with every sign in tokenchars splits at white space only; unicode61 would break c++ and drop ㈱.
_TOKENIZE = "ascii tokenchars '!\"\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~'"
_AUDIENCE = "audience"
_ALL = "all"
_FEW = 3_000  # below this many documents a list of ids is quicker than reading everything in order

_SCHEMA = """
CREATE TABLE {g}_doc (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,
                      live INTEGER NOT NULL, newest REAL NOT NULL, signals TEXT NOT NULL, codes TEXT NOT NULL);
CREATE INDEX {g}_newest ON {g}_doc (newest DESC, id DESC);
CREATE TABLE {g}_bits (field TEXT NOT NULL, value TEXT NOT NULL, bits BLOB NOT NULL, PRIMARY KEY (field, value));
"""


class EmbeddedEngine:
    """One index file. `path` may lie anywhere that the processes of one machine share."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._local = threading.local()

    # --- generations -------------------------------------------------------------------------

    def generations(self) -> list[Generation]:
        with self._reading() as db:
            return [Generation(f"g{n}", stamp, bool(live)) for n, stamp, live in db.execute(
                "SELECT name, stamp, live FROM generation ORDER BY name")]  # fmt: skip

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
            for other in [n for (n,) in db.execute("SELECT name FROM generation WHERE live = 0")]:
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
        refused = {change.key: reason for change in changes if (reason := problem(change))}
        with self._writing() as db:
            if generation is None:
                names = [f"g{n}" for (n,) in db.execute("SELECT name FROM generation")]
            else:
                self._require(db, generation)
                names = [generation]
            for name in names:
                _Writer(db, name).apply(change for change in changes if change.key not in refused)
        return refused

    # --- reading -----------------------------------------------------------------------------

    def stored(self, keys: Collection[str]) -> dict[str, int]:
        with self._reading() as db:
            g = self._live(db)
            return dict(db.execute(f"SELECT key, version FROM {g}_doc WHERE key IN (SELECT value FROM json_each(?))",
                                   (json.dumps(list(keys)),)))  # fmt: skip

    def entries(self, generation: str | None = None) -> Iterator[tuple[str, int]]:
        with self._reading() as db:
            g = generation or self._live(db)
            rows = db.execute(f"SELECT key, version FROM {g}_doc WHERE live ORDER BY key").fetchall()
        yield from rows

    def highest_version(self) -> int:
        with self._reading() as db:
            return db.execute(f"SELECT COALESCE(MAX(version), 0) FROM {self._live(db)}_doc").fetchone()[0]

    def search(self, plan: Plan) -> Found:
        with self._reading() as db:
            return _Search(db, self._live(db), plan).run()

    def health(self) -> list[str]:
        try:
            self.generations()
        except IndexLost:  # the worker makes it again by itself
            return []
        except EngineUnavailable as error:
            return [f"索引のファイル {self.path} を読めません（{error}）。ディスクの空きと権限を確かめてください。"]
        return []

    # --- connections -------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot: a swap in the middle of a search changes nothing for it."""
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
            raise kind(f"{type(error).__name__}: {error}") from error
        except BaseException:
            if db is not None and db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _connection(self, *, make: bool) -> sqlite3.Connection:
        """This thread's connection to the file that is there now; another process may have replaced it."""
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
        # Not memory-mapped: a truncated file would then kill the process instead of raising an error.
        if make:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE IF NOT EXISTS generation (name INTEGER PRIMARY KEY AUTOINCREMENT,"
                       " stamp TEXT NOT NULL, live INTEGER NOT NULL)")  # fmt: skip
        status = self.path.stat()
        self._local.connection, self._local.identity = db, (os.getpid(), status.st_dev, status.st_ino)
        return db

    def _forget_connection(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            return
        if self._local.identity[0] == os.getpid():
            connection.close()
        else:  # inherited by a fork: closing it here would drop the locks of the parent
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


class _Writer:
    """Changes into the tables of one generation, inside the caller's transaction."""

    def __init__(self, db: sqlite3.Connection, g: str) -> None:
        self.db, self.g = db, g
        self.on: dict[tuple[str, str], int] = {}
        self.off: dict[tuple[str, str], int] = {}

    def apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._apply(change)
        for code in self.on.keys() | self.off.keys():
            bits = (_bits(self.db, self.g, *code) & ~self.off.get(code, 0)) | self.on.get(code, 0)
            self.db.execute(f"INSERT OR REPLACE INTO {self.g}_bits VALUES (?, ?, ?)", (*code, to_bytes(bits)))

    def _apply(self, change: Change) -> None:
        known = f"SELECT id, version, live, codes FROM {self.g}_doc WHERE key = ?"
        row = self.db.execute(known, (change.key,)).fetchone()
        if row is not None:
            number, version, live, codes = row
            if version >= change.version:
                return
            if live:
                for kind in KINDS:
                    self.db.execute(f"DELETE FROM {self.g}_{kind} WHERE rowid = ?", (number,))
                self._mark(self.off, self.on, number, json.loads(codes))
            self.db.execute(f"DELETE FROM {self.g}_doc WHERE id = ?", (number,))
        else:
            number = self.db.execute(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {self.g}_doc").fetchone()[0]
        document = change.document
        codes = [] if document is None else _codes(document)
        self.db.execute(
            f"INSERT INTO {self.g}_doc (id, key, version, live, newest, signals, codes) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, change.key, change.version, int(document is not None), document.newest if document else 0,
             json.dumps(document.signals.named()) if document else "{}", json.dumps(codes)),
        )  # fmt: skip
        if document is None:
            return  # the row stays as a tombstone, so that an older change that comes late is still older
        for kind in KINDS:
            if fields := document.tokens.get(kind):
                self.db.execute(
                    f"INSERT INTO {self.g}_{kind} (rowid, {', '.join(FIELDS)}) VALUES (?{', ?' * len(FIELDS)})",
                    (number, *(fields.get(name, "") for name in FIELDS)),
                )
        self._mark(self.on, self.off, number, codes)

    @staticmethod
    def _mark(here: dict, not_there: dict, number: int, codes: Iterable[Sequence[str]]) -> None:
        for field, value in codes:
            code = (field, value)
            here[code] = here.get(code, 0) | 1 << number
            if code in not_there:
                not_there[code] &= ~(1 << number)


def _codes(document: IndexedDocument) -> list[tuple[str, str]]:
    codes = [(facet, code) for facet, values in document.codes.items() for code in values]
    return [*codes, *((_AUDIENCE, token) for token in document.audience), (_ALL, "")]


class _Search:
    """One plan on one snapshot."""

    def __init__(self, db: sqlite3.Connection, g: str, plan: Plan) -> None:
        self.db, self.g, self.plan = db, g, plan

    def run(self) -> Found:
        plan = self.plan
        matched = self._any(_AUDIENCE, plan.audience) & ~self._numbers(plan.hidden)
        if plan.clauses and matched:
            matched &= at_least(plan.minimum, [self._clause(clause) for clause in plan.clauses])
        for clause in plan.required:
            matched &= self._clause(clause)
        for clause in plan.excluded:
            matched &= ~self._clause(clause)
        chosen = {facet: self._any(facet, codes) for facet, codes in plan.filters.items()}
        facets = {facet: self._counts(facet, all_of(matched, (b for f, b in chosen.items() if f != facet)))
                  for facet in plan.facets}  # fmt: skip
        matched = all_of(matched, chosen.values())
        total = matched.bit_count()
        ranked = self._newest(matched, total) if plan.order == "newest" else self._by_score(matched, total)
        return Found(total, self._hits(ranked), facets)

    # --- what matches ------------------------------------------------------------------------

    def _clause(self, clause: Clause) -> int:
        """The documents that any way of the clause matches; one full-text query a kind."""
        bits = 0
        for kind in KINDS:
            if ways := [way for way in clause.any_of if way.kind == kind and way.tokens]:
                table = f"{self.g}_{kind}"
                words = " OR ".join(map(expression, ways))
                sql = f"SELECT json_group_array(rowid) FROM {table} WHERE {table} MATCH ?"
                bits |= bitmap(json.loads(self.db.execute(sql, (words,)).fetchone()[0]))
        return bits

    def _any(self, field: str, values: Collection[str]) -> int:
        bits = 0
        for (blob,) in self.db.execute(
            f"SELECT bits FROM {self.g}_bits WHERE field = ? AND value IN (SELECT value FROM json_each(?))",
            (field, json.dumps(sorted(values))),
        ):
            bits |= int.from_bytes(blob, "little")
        return bits

    def _numbers(self, keys: Collection[str]) -> int:
        if not keys:
            return 0
        rows = self.db.execute(f"SELECT id FROM {self.g}_doc WHERE key IN (SELECT value FROM json_each(?))",
                               (json.dumps(sorted(keys)),))  # fmt: skip
        return bitmap([number for (number,) in rows])

    def _counts(self, facet: str, among: int) -> dict[str, int]:
        rows = self.db.execute(f"SELECT value, bits FROM {self.g}_bits WHERE field = ?", (facet,))
        counts = ((value, (int.from_bytes(blob, "little") & among).bit_count()) for value, blob in rows)
        return {value: count for value, count in counts if count}

    # --- in which order ----------------------------------------------------------------------

    def _newest(self, matched: int, total: int) -> list[tuple[int, float]]:
        plan, order = self.plan, "ORDER BY newest DESC, id DESC"
        if total <= _FEW:
            rows = self.db.execute(
                f"SELECT id FROM {self.g}_doc WHERE id IN (SELECT value FROM json_each(?)) {order} LIMIT ? OFFSET ?",
                (json.dumps(numbers(matched)), plan.limit, plan.offset),
            )
            return [(number, 0.0) for (number,) in rows]
        found: list[tuple[int, float]] = []
        skipped, has = 0, tester(matched)
        for (number,) in self.db.execute(f"SELECT id FROM {self.g}_doc {order}"):
            if has(number):
                if skipped < plan.offset:
                    skipped += 1
                    continue
                found.append((number, 0.0))
                if len(found) >= plan.limit:
                    break
        return found

    def _by_score(self, matched: int, total: int) -> list[tuple[int, float]]:
        """Best first, the document's number breaking ties: pages never repeat or skip one."""
        scores = dict.fromkeys(numbers(matched), 0.0) if total else {}
        weights = ", ".join(str(float(self.plan.field_weights.get(name, 1.0))) for name in FIELDS)
        for scoring in self.plan.scoring:
            if not scoring.tokens or not scores:
                continue
            table = f"{self.g}_{scoring.kind}"
            sql = f"SELECT rowid, bm25({table}, {weights}) FROM {table} WHERE {table} MATCH ?"
            arguments = [expression(Match(scoring.kind, scoring.tokens), " OR ")]
            if total <= _FEW:  # the plus keeps SQLite from asking FTS5 once for each id
                sql += " AND +rowid IN (SELECT value FROM json_each(?))"
                arguments.append(json.dumps(list(scores)))
            for number, score in self.db.execute(sql, arguments):
                if number in scores:
                    scores[number] -= scoring.weight * score  # FTS5 gives better matches lower numbers
        best = nsmallest(self.plan.offset + self.plan.limit, scores.items(), key=lambda pair: (-pair[1], -pair[0]))
        return best[self.plan.offset :]

    def _hits(self, ranked: Sequence[tuple[int, float]]) -> tuple[EngineHit, ...]:
        rows = self.db.execute(
            f"SELECT id, key, signals FROM {self.g}_doc WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps([number for number, _ in ranked]),),
        ).fetchall()
        signals = Signals.read([kept for *_, kept in rows])
        known = {number: (key, one) for (number, key, _), one in zip(rows, signals, strict=True)}
        return tuple(EngineHit(known[number][0], score, known[number][1]) for number, score in ranked)


# --- expressions ------------------------------------------------------------------------


def expression(match: Match, joiner: str = " AND ") -> str:
    """A full-text expression in which every token is literal: quoted, so no sign of it is an operator."""
    quoted = [token.replace('"', '""') for token in match.tokens]
    words = f'"{" ".join(quoted)}"' if match.phrase else joiner.join(f'"{token}"' for token in quoted)
    words += "*" if match.prefix else ""
    return f"({{{match.part}}} : ({words}))" if match.part else f"({words})"


def _bits(db: sqlite3.Connection, g: str, field: str, value: str) -> int:
    row = db.execute(f"SELECT bits FROM {g}_bits WHERE field = ? AND value = ?", (field, value)).fetchone()
    return int.from_bytes(row[0], "little") if row else 0
