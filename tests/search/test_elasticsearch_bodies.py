"""Documents, mapping and queries of the Elasticsearch engine, compared as dictionaries without a server."""

import json
from dataclasses import replace

import pytest

from search import ranking
from search.engines.base import (
    Change,
    Clause,
    EngineHit,
    EngineQuery,
    IndexedDocument,
    Match,
    Scoring,
    Signals,
    TokenKind,
)
from search.engines.elasticsearch_document import SCALE, action, body, is_unchanged, mapping, settings
from search.engines.elasticsearch_query import engine_hits, preference, searches, weight

TEXT = {"type": "text", "analyzer": "whitespace"}
KEYWORD = {"type": "keyword"}
FORBIDDEN = ("post_filter", "global", "min_doc_count", "query_string", "script", "suggest", "ngram", "synonym")


def questions(plan):
    return [search.to_dict() for search in searches(plan)]


def fields(kind):
    return [f"{kind}.{name}" for name in ("title", "summary", "body", "names", "attachments")]


class TestMapping:
    def test_it_is_strict_and_names_every_field(self):
        form = mapping("stamp 1")
        assert form["dynamic"] == "strict" and form["_meta"] == {"stamp": "stamp 1"}
        assert form["_source"] == {"excludes": ["a", "c", "b", "r"]}
        assert form["properties"]["a"]["properties"] == dict.fromkeys(
            ("title", "summary", "body", "names", "attachments"), TEXT
        )
        assert form["properties"]["codes"]["properties"] == dict.fromkeys(
            ("type", "theme", "stance", "scene", "municipality", "unit", "fiscal_year", "maturity"), KEYWORD
        )
        assert form["properties"]["signals"] == {"type": "keyword", "index": False}

    def test_the_mapping_uses_only_features_of_every_distribution(self):
        serialized = json.dumps([mapping("s"), settings()])
        assert set(json.loads(serialized)[1]) == {
            "number_of_shards",
            "auto_expand_replicas",
            "refresh_interval",
            "similarity",
        }
        assert '"analysis"' not in serialized

    def test_a_changed_mapping_is_detected(self):
        body = mapping("whatever")
        assert is_unchanged(body)
        assert not is_unchanged({**body, "dynamic": "true"})
        body["properties"]["added"] = KEYWORD
        assert not is_unchanged(body)


class TestDocument:
    def test_the_body_of_a_document(self):
        document = IndexedDocument(
            tokens={"a": {"title": "避難 所", "body": ""}, "r": {"title": "ヒナン"}},
            codes={"type": ("lesson",), "theme": ()},
            audience=("unit:1",),
            newest=12.5,
            signals=Signals(public_id="L-R07-00001", reuse=2),
        )
        assert action(Change("item:1", 7, document), "manabi-1-writing") == {
            "_op_type": "index",
            "_index": "manabi-1-writing",
            "_id": "item:1",
            "version": 7,
            "version_type": "external",
            "_source": {
                "key": "item:1",
                "version": 7,
                "live": True,
                "newest": 12.5,
                "audience": ["unit:1"],
                "codes": {"type": ["lesson"]},
                "signals": '{"public_id": "L-R07-00001", "maturity": "", "reuse": 2, "superseded_by": "", '
                '"unit_uid": "", "day": 0}',
                "a": {"title": "避難 所"},
                "r": {"title": "ヒナン"},
            },
        }

    def test_a_tombstone_has_no_audience(self):
        assert body(Change("item:1", 7, None)) == {"key": "item:1", "version": 7, "live": False}


class TestQuestions:
    def test_permission_is_a_filter_of_a_query_without_words(self):
        plan = EngineQuery(audience=frozenset({"public", "unit:1"}), order="newest", offset=20, limit=10)
        assert questions(plan) == [
            {
                "query": {"bool": {"filter": [{"terms": {"audience": ["public", "unit:1"]}}]}},
                "sort": [{"newest": {"order": "desc"}}, {"key": {"order": "desc"}}],
                "_source": False,
                "stored_fields": "_none_",
                "docvalue_fields": ["signals"],
                "track_total_hits": True,
                "from": 20,
                "size": 10,
            }
        ]

    def test_words_phrases_and_exclusions(self):
        plan = EngineQuery(
            audience=frozenset({"public"}),
            clauses=(
                Clause((Match(TokenKind.UNIT, ("避難", "所")), Match(TokenKind.READING, ("ヒナン",)))),
                Clause((Match(TokenKind.UNIT, ("訓練",)),)),
            ),
            minimum=2,
            excluded=(Clause((Match(TokenKind.BIGRAM, ("会議", "議室"), phrase=True),)),),
            scoring=(Scoring(TokenKind.UNIT, ("避難", "訓練"), 0.5),),
            field_weights={"title": 1.25, "attachments": 0.5},
            hidden=frozenset({"item:9"}),
        )
        way = {"operator": "and"}
        assert questions(plan)[0]["query"] == {
            "bool": {
                "filter": [
                    {"terms": {"audience": ["public"]}},
                    {
                        "bool": {
                            "minimum_should_match": 2,
                            "should": [
                                {
                                    "bool": {
                                        "minimum_should_match": 1,
                                        "should": [
                                            {"combined_fields": {"query": "避難 所", "fields": fields("a"), **way}},
                                            {"combined_fields": {"query": "ヒナン", "fields": fields("r"), **way}},
                                        ],
                                    }
                                },
                                {
                                    "bool": {
                                        "minimum_should_match": 1,
                                        "should": [
                                            {"combined_fields": {"query": "訓練", "fields": fields("a"), **way}},
                                        ],
                                    }
                                },
                            ],
                        }
                    },
                ],
                "must_not": [
                    {
                        "bool": {
                            "minimum_should_match": 1,
                            "should": [
                                {
                                    "bool": {
                                        "minimum_should_match": 1,
                                        "should": [{"match_phrase": {field: "会議 議室"}} for field in fields("b")],
                                    }
                                },
                            ],
                        }
                    },
                    {"terms": {"key": ["item:9"]}},
                ],
                "should": [
                    {
                        "combined_fields": {
                            "query": "避難 訓練",
                            "operator": "or",
                            "boost": 0.5,
                            "fields": ["a.title^5", "a.summary^4", "a.body^4", "a.names^4", "a.attachments^2"],
                        }
                    }
                ],
                "minimum_should_match": 0,
            }
        }

    def test_a_chosen_facet_is_counted_without_its_filter_within_permission(self):
        plan = EngineQuery(
            audience=frozenset({"public"}),
            filters={"type": frozenset({"lesson"}), "theme": frozenset({"x"})},
            facets=("type", "unit"),
        )
        hits, counts = questions(plan)
        permission = {"terms": {"audience": ["public"]}}
        theme, kind = {"terms": {"codes.theme": ["x"]}}, {"terms": {"codes.type": ["lesson"]}}
        assert hits["query"] == {"bool": {"filter": [permission, theme, kind]}}
        assert hits["aggs"] == {"unit": {"terms": {"field": "codes.unit", "size": 10_000}}}
        assert counts["query"] == {"bool": {"filter": [permission]}} and counts["size"] == 0
        assert counts["aggs"] == {
            "type": {
                "filter": {"bool": {"filter": [theme]}},
                "aggs": {"values": {"terms": {"field": "codes.type", "size": 10_000}}},
            }
        }

    def test_an_index_with_an_older_mapping_gives_hits_without_signals(self):
        kept = {
            "_score": 1.5,
            "sort": [1.5, "item:1"],
            "fields": {"signals": ['{"public_id": "L-R07-00001", "day": 3}']},
        }
        older = {"_score": 1.0, "sort": [1.0, "item:2"]}
        assert engine_hits([kept, older]) == (
            EngineHit("item:1", 1.5, Signals(public_id="L-R07-00001", day=3)),
            EngineHit("item:2", 1.0, Signals()),
        )

    def test_all_pages_of_a_query_come_from_one_replica(self):
        plan = EngineQuery(audience=frozenset({"public"}), scoring=(Scoring(TokenKind.UNIT, ("避難",), 1.0),))
        other = replace(plan, scoring=(Scoring(TokenKind.UNIT, ("訓練",), 1.0),))
        assert preference(plan) == preference(replace(plan, offset=200)) != preference(other)

    def test_no_query_counts_or_shows_outside_permission(self):
        plan = EngineQuery(
            audience=frozenset(),
            clauses=(Clause(()),),
            minimum=1,
            filters={"type": frozenset({"x"})},
            facets=("type", "theme"),
            scoring=(Scoring(TokenKind.UNIT, ("x",), 1.0),),
        )
        for question in questions(plan):
            assert question["query"]["bool"]["filter"][0] == {"terms": {"audience": []}}
            assert not [word for word in FORBIDDEN if f'"{word}' in json.dumps(question)]


@pytest.mark.parametrize("name", ranking.FIELD_WEIGHTS)
def test_every_ranking_weight_is_accepted_by_the_server(name):
    """A weight below 1 / SCALE would be raised to 1, and the engines would rank differently."""
    assert weight(ranking.FIELD_WEIGHTS[name]) == ranking.FIELD_WEIGHTS[name] * SCALE
