"""Random documents and queries on both engines: the same hits, totals and counts.

The order may differ between nearly equal scores, the set of hits may not.
"""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from search.engines.base import (
    CODES,
    FIELDS,
    KINDS,
    Change,
    Clause,
    EngineQuery,
    IndexedDocument,
    Match,
    Scoring,
    Signals,
)
from search.engines.embedded import EmbeddedEngine
from search.evaluation import ask, figures, load
from search.judgements import read
from tests.search import elasticsearch_server

# Few words, so that most queries find something.
TOKENS = ["避難", "所", "a/b", "😀", "and", "𠮷野", '"', "x" * 300]
AUDIENCE = ["public", "prefecture", "unit:1"]
ASKED_KINDS = ["a", "b"]
VALUES = ["x", "y", "z"]

token = st.sampled_from(TOKENS)
text = st.lists(token, min_size=1, max_size=5).map(" ".join)
fields = st.dictionaries(st.sampled_from(FIELDS), text, min_size=1, max_size=3)
codes = st.dictionaries(st.sampled_from(CODES), st.lists(st.sampled_from(VALUES), unique=True).map(tuple), max_size=3)
documents = st.builds(
    IndexedDocument,
    tokens=st.fixed_dictionaries(dict.fromkeys(ASKED_KINDS, fields), optional=dict.fromkeys(KINDS[1:2], fields)),
    codes=codes,
    audience=st.sampled_from([("public",), ("public", "unit:1"), ("prefecture",), ("unit:1",)]),
    newest=st.floats(-1e9, 1e10),
    signals=st.builds(Signals, public_id=st.sampled_from(["", "L-R07-00001"]), day=st.integers(0, 20_000)),
)
keys = st.sampled_from([f"item:{n}" for n in range(12)])
changes = st.lists(
    st.builds(Change, keys, st.integers(1, 9), st.one_of(documents, documents, documents, st.none())),
    min_size=15,
    max_size=30,
)
matches = st.builds(Match, st.sampled_from(ASKED_KINDS), st.lists(token, max_size=2).map(tuple), st.booleans())
begun = st.builds(
    Match,
    st.sampled_from(ASKED_KINDS),
    st.sampled_from(["避", "𠮷", "a", "x", '"']).map(lambda beginning: (beginning,)),
    prefix=st.just(True),
    part=st.sampled_from(["", "title"]),
)
matches = st.one_of(matches, matches, matches, begun)
clause = st.builds(Clause, st.lists(matches, min_size=1, max_size=2).map(tuple))
clauses = st.lists(clause, max_size=3).map(tuple)
sometimes = st.one_of(st.just(()), st.just(()), st.tuples(clause))
chosen = st.dictionaries(
    st.sampled_from(["type", "theme"]), st.frozensets(st.sampled_from([*VALUES, "no such"]), min_size=1), max_size=2
)
engine_queries = st.builds(
    EngineQuery,
    audience=st.frozensets(st.sampled_from(AUDIENCE)).map(lambda tokens: tokens or frozenset({"public"})),
    clauses=clauses,
    minimum=st.integers(0, 3),
    required=sometimes,
    excluded=sometimes,
    scoring=st.lists(
        st.builds(
            Scoring, st.sampled_from(ASKED_KINDS), st.lists(token, max_size=3).map(tuple), st.sampled_from([0.3, 1.0])
        )
    ).map(tuple),
    field_weights=st.just({"title": 1.25, "attachments": 0.5}),
    filters=st.one_of(st.just({}), chosen),
    facets=st.just(("type", "theme", "unit", "fiscal_year")),
    hidden=st.frozensets(keys, max_size=2),
    order=st.sampled_from(["relevance", "newest"]),
    limit=st.just(100),
)


@pytest.fixture(scope="module")
def other(elasticsearch_url):
    """One engine for all examples, each with its own generation, because creating indices is slow."""
    engine = elasticsearch_server.engine(elasticsearch_url)
    yield engine
    engine.reset()


# No shrinking: each step creates two indices, and the examples are small.
@settings(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(changes=changes, queries=st.lists(engine_queries, min_size=5, max_size=10))
def test_both_engines_give_the_same_hits_and_counts(changes, queries, other, tmp_path_factory):
    embedded = EmbeddedEngine(tmp_path_factory.mktemp("alike") / "index.sqlite3")
    engines = (embedded, other)
    for engine in engines:
        engine.swap(engine.create("stamp"))
        assert engine.write(changes) == {}
    first, second = (list(engine.entries()) for engine in engines)
    assert first == second
    known = {change.key for change in changes}
    assert embedded.stored(known) == other.stored(known)
    assert embedded.highest_version() == other.highest_version()
    for query in queries:
        first, second = (engine.search(query) for engine in engines)
        assert {hit.key: hit.signals for hit in first.hits} == {hit.key: hit.signals for hit in second.hits}
        assert (first.total, first.facets) == (second.total, second.facets)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["togikai_qa", "jsquad_valid"])
def test_both_engines_rank_alike(name, elasticsearch, shared_data, tmp_path):
    """Both engines have the same relevance figures on judged collections."""
    folder = shared_data / "relevance" / name
    figures_by_engine = []
    for engine in (EmbeddedEngine(tmp_path / "index.sqlite3"), elasticsearch):
        judged = read(folder, 1_500)
        load(engine, judged)
        figures_by_engine.append(figures(ask(engine, judged)))
    assert abs(figures_by_engine[0].ndcg - figures_by_engine[1].ndcg) < 0.01
    assert abs(figures_by_engine[0].recall - figures_by_engine[1].recall) < 0.01
    assert figures_by_engine[0].zero_hits == figures_by_engine[1].zero_hits
