"""Batched writes of the embedded engine leave the same index as single changes."""

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.engines.base import EngineQuery, EngineUnavailable
from search.engines.embedded import EmbeddedEngine
from search.engines.embedded_writer import Writer
from tests.search.contract.test_engine_equivalence import AUDIENCE, TOKENS, changes
from tests.search.contract.test_engines import document, keys, put, words


@pytest.fixture
def engine(tmp_path):
    engine = EmbeddedEngine(tmp_path / "index.sqlite3")
    engine.swap(engine.create("stamp"))
    return engine


def content(engine):
    """The observable state of an index: versions, and the hits and counts of each reader by word and value."""
    facets = ("type", "theme", "stance", "scene", "municipality", "unit", "fiscal_year", "maturity")
    plans = [EngineQuery(frozenset({audience}), facets=facets, limit=100) for audience in AUDIENCE]
    plans += [replace(words(token, limit=100), audience=frozenset(AUDIENCE)) for token in TOKENS]
    result = [engine.search(plan) for plan in plans]
    answers = [({hit.key: hit.signals for hit in result.hits}, result.total, result.facets) for result in result]
    return list(engine.entries()), engine.stored([f"item:{n}" for n in range(12)]), answers


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(changes, min_size=1, max_size=4))
def test_a_batch_equals_its_single_changes(batches, tmp_path_factory):
    """With repeated keys, tombstones, restored documents and changed codes, within and across batches."""
    folder = tmp_path_factory.mktemp("writer")
    batched, single = EmbeddedEngine(folder / "batches.sqlite3"), EmbeddedEngine(folder / "singles.sqlite3")
    for engine in (batched, single):
        engine.swap(engine.create("stamp"))
    for batch in batches:
        batched.write(batch)
        for change in batch:
            single.write([change])
    assert content(batched) == content(single)


def test_an_error_during_a_write_leaves_the_index_unchanged(engine, monkeypatch):
    put(engine, kept=document(body="避難", type="lesson"), gone=document(body="避難"))
    before = content(engine), keys(engine, words("避難"))
    bits = Writer._bits

    def fails(self, code):
        bits(self, code)
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(Writer, "_bits", fails)
        with pytest.raises(EngineUnavailable):
            put(engine, 9, kept=document(body="訓練", type="article"), new=document(body="訓練"), gone=None)
    assert (content(engine), keys(engine, words("避難"))) == before
    put(engine, 9, kept=document(body="訓練", type="article"), gone=None)
    assert keys(engine, words("訓練")) == ["kept"] and keys(engine, words("避難")) == []


def test_a_very_large_batch_is_written_completely(engine):
    put(engine, **{f"k{n}": document(body="避難", type="lesson") for n in range(5_000)})
    put(engine, 2, **{f"k{n}": document(body="訓練", type="article") if n % 2 else None for n in range(5_000)})
    result = engine.search(words("訓練", facets=("type",)))
    assert (result.total, result.facets["type"]) == (2_500, {"article": 2_500})
    assert engine.search(words("避難")).total == 0
