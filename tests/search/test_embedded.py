"""The embedded engine: SQLite query plans, and lost, truncated, locked or replaced index files."""

import os
import sqlite3
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from search.engines import base
from search.engines.base import TokenKind
from search.engines.bitmaps import at_least, bitmap, numbers
from search.engines.embedded import EmbeddedEngine
from search.engines.embedded_search import expression
from tests.search.contract.test_engines import document, keys, put, words


@pytest.fixture
def engine(tmp_path):
    engine = EmbeddedEngine(tmp_path / "index.sqlite3")
    engine.swap(engine.create("stamp"))
    put(engine, **{f"k{i}": document(body="共通 語", newest=i, type="lesson") for i in range(300)})
    return engine


def test_no_query_scans_all_documents(engine):
    """FTS5 joined with a filter once degraded to a full scan. So words are matched alone, and the rest is bitmaps."""
    statements = []
    with engine._reading() as db:
        db.set_trace_callback(statements.append)
    plan = words("共通", facets=("type",), filters={"type": frozenset({"lesson"})}, hidden=frozenset({"k1"}))
    engine.search(plan)
    engine.search(words("共通", order="newest"))
    with engine._reading() as db:
        db.set_trace_callback(None)
        questions = {sql for sql in statements if sql.startswith("SELECT")}
        for part in ("_a WHERE", "_bits", "_doc WHERE key", "bm25", "ORDER BY newest"):  # every part was checked
            assert any(part in sql for sql in questions), part
        for sql in questions:
            for *_, step in db.execute(f"EXPLAIN QUERY PLAN {sql}"):
                if step.startswith("SCAN") and "json_each" not in step and "generation" not in step:
                    assert "VIRTUAL TABLE INDEX" in step and ":M" in step, f"{sql}\n{step}"


def test_newest_of_many_documents_reads_in_index_order(engine, monkeypatch):
    monkeypatch.setattr("search.engines.embedded_search._FEW", 10)
    assert keys(engine, words("共通", order="newest", offset=2, limit=2)) == ["k297", "k296"]
    assert len(keys(engine, words("共通", limit=7))) == 7


def test_a_lost_file_means_a_lost_index_and_is_not_created_by_a_search(engine):
    engine.path.unlink()
    with pytest.raises(base.IndexLost):
        engine.search(words("共通"))
    assert not engine.path.exists()


def test_a_file_replaced_by_another_process_is_noticed(engine):
    other = EmbeddedEngine(engine.path)
    assert engine.search(words("共通")).total == 300
    other.reset()
    other.swap(other.create("stamp"))
    assert engine.search(words("共通")).total == 0


@pytest.mark.parametrize("left", [0, 100, 5000])
def test_a_truncated_file_means_a_lost_index(engine, left):
    with engine._reading() as db:
        pass
    with sqlite3.connect(engine.path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    os.truncate(engine.path, left)
    with pytest.raises(base.IndexLost):
        EmbeddedEngine(engine.path).search(words("共通"))


def test_a_foreign_file_means_a_lost_index(tmp_path):
    path = tmp_path / "index.sqlite3"
    path.write_bytes(b"not a database at all " * 500)
    with pytest.raises(base.IndexLost):
        EmbeddedEngine(path).search(words("共通"))


def test_a_locked_file_is_unavailable_but_not_lost(engine, monkeypatch):
    """Another process holds the file exclusively: waiting helps, a rebuild would not."""
    monkeypatch.setattr("search.engines.embedded._WRITE_WAIT_MS", 50)
    blocker = sqlite3.connect(engine.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(base.EngineUnavailable) as raised:
        put(engine, one=document(body="a"))
    assert not isinstance(raised.value, base.IndexLost)
    assert engine.search(words("共通")).total == 300  # reads do not wait for a writer
    blocker.execute("ROLLBACK")
    put(engine, one=document(body="a"))
    blocker.close()


def test_a_full_disk_is_reported_in_one_line_and_loses_nothing(engine, monkeypatch):
    db = engine._connection(make=False)
    db.execute("PRAGMA max_page_count = 1")  # the file cannot grow beyond its current size
    with pytest.raises(base.EngineUnavailable) as raised:
        put(engine, **{f"n{number}": document(body="長い" * 500) for number in range(50)})
    assert "ディスクがいっぱい" in raised.value.advice and not isinstance(raised.value, base.IndexLost)
    assert engine.search(words("共通")).total == 300
    assert engine.health() == []
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    assert engine.health() == [raised.value.advice]


def test_an_expression_quotes_every_token():
    assert expression(base.Match(TokenKind.UNIT, ('x"', "AND"))) == '("x""" AND "AND")'
    assert expression(base.Match(TokenKind.UNIT, ("x", "y"), phrase=True)) == '("x y")'


@pytest.mark.parametrize("minimum", range(1, 7))
def test_at_least_equals_counting(minimum):
    sets = [{1, 2, 3}, {2, 3, 70}, {3, 70}, {3, 9}, {3, 70}, {70}]
    expected = [n for n in range(100) if sum(n in members for members in sets) >= minimum]
    assert numbers(at_least(minimum, [bitmap(sorted(members)) for members in sets])) == expected


def test_signals_survive_storage():
    """They are converted by hand for speed; a new field must not be lost."""
    signals = base.Signals(public_id="L-R07-00001", maturity="identified", reuse=3, unit_uid="u", day=20_000)
    assert signals.named() == asdict(signals)
    assert base.Signals(**signals.named()) == signals
