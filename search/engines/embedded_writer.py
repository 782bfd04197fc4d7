"""Writing into the embedded engine: changes into the tables of one generation, each judged by its version."""

# ruff: noqa: S608 -- table names are the engine's own, of a number and a letter; every value is a parameter

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from search.engines.base import FIELDS, KINDS, Change, IndexedDocument
from search.engines.bitmaps import bitmap, to_bytes

#: The bitmap fields that are no facet: who may find a document, and which are there at all.
AUDIENCE = "audience"
ALL = "all"

Code = tuple[str, str]  # field, value


class Writer:
    """Changes into the tables of generation `g`, inside the caller's transaction. Used once.

    All rows are made first and then sent table by table: a statement a row costs more than the row.
    """

    def __init__(self, db: sqlite3.Connection, g: str) -> None:
        self.db, self.g = db, g
        self.gone: list[tuple[int]] = []
        self.rows: list[tuple[Any, ...]] = []
        self.words: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in KINDS}
        self.off: dict[Code, list[int]] = defaultdict(list)
        self.on: dict[Code, list[int]] = defaultdict(list)

    def apply(self, changes: Iterable[Change]) -> None:
        highest: dict[str, Change] = {}
        for change in changes:
            if change.key not in highest or change.version > highest[change.key].version:
                highest[change.key] = change
        known = self._known(list(highest))
        (last,) = self.db.execute(f"SELECT COALESCE(MAX(id), 0) FROM {self.g}_doc").fetchone()
        for key, change in highest.items():
            if key in known:
                number, version, live, codes = known[key]
                if version >= change.version:
                    continue
                if live:
                    self._take_out(number, codes)
            else:
                number = last = last + 1
            self._put_in(number, change)
        self._send()

    def _known(self, keys: list[str]) -> dict[str, tuple[int, int, int, str]]:
        rows = self.db.execute(
            f"SELECT key, id, version, live, codes FROM {self.g}_doc WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(keys),),
        )
        return {key: tuple(rest) for key, *rest in rows}

    def _take_out(self, number: int, codes: str) -> None:
        self.gone.append((number,))
        for field, value in json.loads(codes):
            self.off[field, value].append(number)

    def _put_in(self, number: int, change: Change) -> None:
        document = change.document
        if document is None:  # the row stays as a tombstone, so that an older change that comes late is still older
            self.rows.append((number, change.key, change.version, 0, 0, "{}", "[]"))
            return
        codes = _codes(document)
        kept = json.dumps(document.signals.named()), json.dumps(codes)
        self.rows.append((number, change.key, change.version, 1, document.newest, *kept))
        for kind in KINDS:
            if fields := document.tokens.get(kind):
                self.words[kind].append((number, *(fields.get(name, "") for name in FIELDS)))
        for code in codes:
            self.on[code].append(number)

    def _send(self) -> None:
        columns, marks = ", ".join(FIELDS), ", ?" * len(FIELDS)
        for kind, words in self.words.items():
            self.db.executemany(f"DELETE FROM {self.g}_{kind} WHERE rowid = ?", self.gone)
            self.db.executemany(f"INSERT INTO {self.g}_{kind} (rowid, {columns}) VALUES (?{marks})", words)
        self.db.executemany(
            f"INSERT OR REPLACE INTO {self.g}_doc (id, key, version, live, newest, signals, codes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            self.rows,
        )
        changed = [(*code, to_bytes(self._bits(code))) for code in self.on.keys() | self.off.keys()]
        self.db.executemany(f"INSERT OR REPLACE INTO {self.g}_bits VALUES (?, ?, ?)", changed)

    def _bits(self, code: Code) -> int:
        """The documents of a code as they are after these changes."""
        row = self.db.execute(f"SELECT bits FROM {self.g}_bits WHERE field = ? AND value = ?", code).fetchone()
        before = int.from_bytes(row[0], "little") if row else 0
        return (before & ~bitmap(self.off.get(code, []))) | bitmap(self.on.get(code, []))


def _codes(document: IndexedDocument) -> list[Code]:
    codes = [(facet, code) for facet, values in document.codes.items() for code in values]
    return [*codes, *((AUDIENCE, token) for token in document.audience), (ALL, "")]
