"""Writes changes to the tables of one generation of the embedded engine. The higher version of a document wins."""

# ruff: noqa: S608 -- the engine makes the table names from a number and a letter; every value is a parameter

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from search.engines.base import FIELDS, KINDS, Change, IndexedDocument
from search.engines.bitmaps import bitmap, to_bytes

#: The bitmap fields that are not facets: who may find a document, and which documents exist.
AUDIENCE = "audience"
ALL = "all"

Code = tuple[str, str]  # field, value


class Writer:
    """Applies changes to the tables of a generation, inside the caller's transaction. Each writer can be used only
    once.

    All rows are collected first and then written table by table, because one statement per row would cost more than the
    row.
    """

    def __init__(self, db: sqlite3.Connection, generation: str) -> None:
        self.db, self.generation = db, generation
        self.removed_rows: list[tuple[int]] = []
        self.document_rows: list[tuple[Any, ...]] = []
        self.token_rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in KINDS}
        self.cleared_bits: dict[Code, list[int]] = defaultdict(list)
        self.set_bits: dict[Code, list[int]] = defaultdict(list)

    def apply(self, changes: Iterable[Change]) -> None:
        highest: dict[str, Change] = {}
        for change in changes:
            if change.key not in highest or change.version > highest[change.key].version:
                highest[change.key] = change
        known = self._known(list(highest))
        (last,) = self.db.execute(f"SELECT COALESCE(MAX(id), 0) FROM {self.generation}_doc").fetchone()
        for key, change in highest.items():
            if key in known:
                number, version, live, codes = known[key]
                if version >= change.version:
                    continue
                if live:
                    self._remove(number, codes)
            else:
                number = last = last + 1
            self._add(number, change)
        self._flush()

    def _known(self, keys: list[str]) -> dict[str, tuple[int, int, int, str]]:
        rows = self.db.execute(
            f"SELECT key, id, version, live, codes FROM {self.generation}_doc WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(keys),),
        )
        return {key: tuple(values) for key, *values in rows}

    def _remove(self, number: int, codes: str) -> None:
        self.removed_rows.append((number,))
        for field, value in json.loads(codes):
            self.cleared_bits[field, value].append(number)

    def _add(self, number: int, change: Change) -> None:
        document = change.document
        if document is None:  # the row stays as a tombstone: if an older change arrives late, it is recognised as older
            self.document_rows.append((number, change.key, change.version, 0, 0, "{}", "[]"))
            return
        codes = _codes(document)
        stored = json.dumps(document.signals.named()), json.dumps(codes)
        self.document_rows.append((number, change.key, change.version, 1, document.newest, *stored))
        for kind in KINDS:
            if fields := document.tokens.get(kind):
                self.token_rows[kind].append((number, *(fields.get(name, "") for name in FIELDS)))
        for code in codes:
            self.set_bits[code].append(number)

    def _flush(self) -> None:
        columns, marks = ", ".join(FIELDS), ", ?" * len(FIELDS)
        for kind, rows in self.token_rows.items():
            self.db.executemany(f"DELETE FROM {self.generation}_{kind} WHERE rowid = ?", self.removed_rows)
            self.db.executemany(f"INSERT INTO {self.generation}_{kind} (rowid, {columns}) VALUES (?{marks})", rows)
        self.db.executemany(
            f"INSERT OR REPLACE INTO {self.generation}_doc (id, key, version, live, newest, signals, codes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            self.document_rows,
        )
        changed = [(*code, to_bytes(self._bits(code))) for code in self.set_bits.keys() | self.cleared_bits.keys()]
        self.db.executemany(f"INSERT OR REPLACE INTO {self.generation}_bits VALUES (?, ?, ?)", changed)

    def _bits(self, code: Code) -> int:
        """Returns the documents that have this code after the changes, as a bitmap."""
        row = self.db.execute(f"SELECT bits FROM {self.generation}_bits WHERE field = ? AND value = ?", code).fetchone()
        before = int.from_bytes(row[0], "little") if row else 0
        return (before & ~bitmap(self.cleared_bits.get(code, []))) | bitmap(self.set_bits.get(code, []))


def _codes(document: IndexedDocument) -> list[Code]:
    codes = [(facet, code) for facet, values in document.codes.items() for code in values]
    return [*codes, *((AUDIENCE, token) for token in document.audience), (ALL, "")]
