"""Searches in the embedded engine. First FTS5 matches the words. Everything else is done by ANDs of bitmaps."""

# ruff: noqa: S608 -- the engine makes the table names from a number and a letter; every value is a parameter

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from heapq import nsmallest

from search.engines.base import FIELDS, KINDS, Clause, EngineHit, EngineQuery, EngineResult, Match, Signals
from search.engines.bitmaps import all_of, at_least, bitmap, numbers, tester
from search.engines.embedded_writer import AUDIENCE

_FEW = 3_000  # Up to this many documents, a list of ids is faster than reading all documents in order.


class Search:
    """One query on one snapshot."""

    def __init__(self, db: sqlite3.Connection, generation: str, query: EngineQuery) -> None:
        self.db, self.generation, self.query = db, generation, query

    def run(self) -> EngineResult:
        query = self.query
        matched = self._any(AUDIENCE, query.audience) & ~self._numbers(query.hidden)
        if query.only:
            matched &= self._numbers(query.only)
        if query.clauses and matched:
            matched &= at_least(query.minimum, [self._clause(clause) for clause in query.clauses])
        for clause in query.required:
            matched &= self._clause(clause)
        for clause in query.excluded:
            matched &= ~self._clause(clause)
        chosen = {facet: self._any(facet, codes) for facet, codes in query.filters.items()}
        facets = {}
        for facet in query.facets:
            other_filters = (bits for name, bits in chosen.items() if name != facet)
            facets[facet] = self._counts(facet, all_of(matched, other_filters))
        matched = all_of(matched, chosen.values())
        total = matched.bit_count()
        ranked = self._newest(matched, total) if query.order == "newest" else self._by_score(matched, total)
        return EngineResult(total, self._hits(ranked), facets)

    # --- matching ----------------------------------------------------------------------------

    def _clause(self, clause: Clause) -> int:
        """Returns the documents that at least one match of the clause finds. One full-text query per token kind."""
        bits = 0
        for kind in KINDS:
            if matches := [match for match in clause.any_of if match.kind == kind and match.tokens]:
                table = f"{self.generation}_{kind}"
                words = " OR ".join(map(expression, matches))
                sql = f"SELECT json_group_array(rowid) FROM {table} WHERE {table} MATCH ?"
                bits |= bitmap(json.loads(self.db.execute(sql, (words,)).fetchone()[0]))
        return bits

    def _any(self, field: str, values: Collection[str]) -> int:
        bits = 0
        for (blob,) in self.db.execute(
            f"SELECT bits FROM {self.generation}_bits WHERE field = ? AND value IN (SELECT value FROM json_each(?))",
            (field, json.dumps(sorted(values))),
        ):
            bits |= int.from_bytes(blob, "little")
        return bits

    def _numbers(self, keys: Collection[str]) -> int:
        if not keys:
            return 0
        sql = f"SELECT id FROM {self.generation}_doc WHERE key IN (SELECT value FROM json_each(?))"
        return bitmap([number for (number,) in self.db.execute(sql, (json.dumps(sorted(keys)),))])

    def _counts(self, facet: str, among: int) -> dict[str, int]:
        rows = self.db.execute(f"SELECT value, bits FROM {self.generation}_bits WHERE field = ?", (facet,))
        counts = ((value, (int.from_bytes(blob, "little") & among).bit_count()) for value, blob in rows)
        return {value: count for value, count in counts if count}

    # --- order -------------------------------------------------------------------------------

    def _newest(self, matched: int, total: int) -> list[tuple[int, float]]:
        query, order = self.query, "ORDER BY newest DESC, id DESC"
        if total <= _FEW:
            rows = self.db.execute(
                f"SELECT id FROM {self.generation}_doc WHERE id IN (SELECT value FROM json_each(?)) {order} LIMIT ? OFFSET ?",
                (json.dumps(numbers(matched)), query.limit, query.offset),
            )
            return [(number, 0.0) for (number,) in rows]
        page: list[tuple[int, float]] = []
        skipped, is_matched = 0, tester(matched)
        for (number,) in self.db.execute(f"SELECT id FROM {self.generation}_doc {order}"):
            if is_matched(number):
                if skipped < query.offset:
                    skipped += 1
                    continue
                page.append((number, 0.0))
                if len(page) >= query.limit:
                    break
        return page

    def _by_score(self, matched: int, total: int) -> list[tuple[int, float]]:
        """Returns the documents of the page, best first.

        Documents with the same score are ordered by their number, so that pages never repeat or skip a document.
        """
        scores = dict.fromkeys(numbers(matched), 0.0) if total else {}
        weights = ", ".join(str(float(self.query.field_weights.get(name, 1.0))) for name in FIELDS)
        for scoring in self.query.scoring:
            if not scoring.tokens or not scores:
                continue
            table = f"{self.generation}_{scoring.kind}"
            sql = f"SELECT rowid, bm25({table}, {weights}) FROM {table} WHERE {table} MATCH ?"
            arguments = [expression(Match(scoring.kind, scoring.tokens), " OR ")]
            if total <= _FEW:  # the plus sign prevents SQLite from querying FTS5 once per id
                sql += " AND +rowid IN (SELECT value FROM json_each(?))"
                arguments.append(json.dumps(list(scores)))
            for number, score in self.db.execute(sql, arguments):
                if number in scores:
                    scores[number] -= scoring.weight * score  # FTS5 gives lower numbers to better matches
        best = nsmallest(self.query.offset + self.query.limit, scores.items(), key=lambda pair: (-pair[1], -pair[0]))
        return best[self.query.offset :]

    def _hits(self, ranked: Sequence[tuple[int, float]]) -> tuple[EngineHit, ...]:
        rows = self.db.execute(
            f"SELECT id, key, signals FROM {self.generation}_doc WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps([number for number, _ in ranked]),),
        ).fetchall()
        signals = Signals.read([stored for *_, stored in rows])
        by_number = {number: (key, parsed) for (number, key, _), parsed in zip(rows, signals, strict=True)}
        return tuple(EngineHit(by_number[number][0], score, by_number[number][1]) for number, score in ranked)


def expression(match: Match, joiner: str = " AND ") -> str:
    """Returns a full-text expression in which every token is quoted. So no character of a token works as an
    operator."""
    quoted = [token.replace('"', '""') for token in match.tokens]
    words = f'"{" ".join(quoted)}"' if match.phrase else joiner.join(f'"{token}"' for token in quoted)
    words += "*" if match.prefix else ""
    return f"({{{match.part}}} : ({words}))" if match.part else f"({words})"
