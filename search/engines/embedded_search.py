"""Reading the embedded engine: one plan on one snapshot, words by FTS5 first, all else by ANDs of bitmaps."""

# ruff: noqa: S608 -- table names are the engine's own, of a number and a letter; every value is a parameter

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from heapq import nsmallest

from search.engines.base import FIELDS, KINDS, Clause, EngineHit, Found, Match, Plan, Signals
from search.engines.bitmaps import all_of, at_least, bitmap, numbers, tester
from search.engines.embedded_writer import AUDIENCE

_FEW = 3_000  # below this many documents a list of ids is quicker than reading everything in order


class Search:
    """One plan on one snapshot."""

    def __init__(self, db: sqlite3.Connection, g: str, plan: Plan) -> None:
        self.db, self.g, self.plan = db, g, plan

    def run(self) -> Found:
        plan = self.plan
        matched = self._any(AUDIENCE, plan.audience) & ~self._numbers(plan.hidden)
        if plan.only:
            matched &= self._numbers(plan.only)
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


def expression(match: Match, joiner: str = " AND ") -> str:
    """A full-text expression in which every token is literal: quoted, so no sign of it is an operator."""
    quoted = [token.replace('"', '""') for token in match.tokens]
    words = f'"{" ".join(quoted)}"' if match.phrase else joiner.join(f'"{token}"' for token in quoted)
    words += "*" if match.prefix else ""
    return f"({{{match.part}}} : ({words}))" if match.part else f"({words})"
