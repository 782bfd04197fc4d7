"""Converts an EngineQuery to Elasticsearch searches, and their answers to an EngineResult.

The functions are pure, so tests compare searches as data. The permission is a filter of every search. This module uses
no feature that counts or shows documents outside the permission filter (post_filter, global aggregations, zeros in
counts). It also uses no feature that interprets the text of a query as a query language.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from elasticsearch.dsl import A, Q, Search
from elasticsearch.dsl.aggs import Agg
from elasticsearch.dsl.query import Query

from search.engines.base import FIELDS, Clause, EngineHit, EngineQuery, EngineResult, Match, Scoring, Signals
from search.engines.elasticsearch_document import SCALE, cut

#: Elasticsearch's max_result_window. Pages beyond it need a scan.
WINDOW = 10_000
#: The maximum number of facet values that are counted. No facet has so many values, so counts are complete.
_MOST_VALUES = 10_000
_NO_SIGNALS = {"signals": ["{}"]}


def searches(query: EngineQuery) -> list[Search]:
    """Returns one search. If a facet with a chosen code is counted, a second search counts it without its own
    filter."""
    chosen = [facet for facet in query.facets if facet in query.filters]
    first = hits(replace(query, facets=tuple(facet for facet in query.facets if facet not in chosen)))
    return [first, _counts(query, chosen)] if chosen else [first]


def preference(query: EngineQuery) -> str:
    """Returns a value that selects the replica for the answer.

    All pages of a query have the same value, because scores differ slightly between replicas.
    """
    return f"plan-{zlib.crc32(repr((query.clauses, query.required, query.scoring)).encode()):08x}"


def hits(query: EngineQuery) -> Search:
    """Returns the search for the hits. It also counts the facets that have no chosen code."""
    search = Search().query(_matching(query, _filters(query)))
    for facet in query.facets:
        search.aggs.bucket(facet, _values(facet))
    search = search.sort("-newest" if query.order == "newest" else "_score", "-key")
    # Only doc values are read. When the stored source of 200 hits was read, this was most of the server's work on a
    # search.
    search = search.source(False).extra(stored_fields="_none_", docvalue_fields=["signals"])
    return search.extra(**{"track_total_hits": True, "from": query.offset, "size": query.limit})


def _counts(query: EngineQuery, chosen: Sequence[str]) -> Search:
    search = Search().query(_matching(replace(query, scoring=()), [])).extra(size=0, track_total_hits=False)
    for facet in chosen:
        others = _filters(query, but=facet)
        within = A("filter", filter=Q("bool", filter=others) if others else Q("match_all"))
        search.aggs.bucket(facet, within).bucket("values", _values(facet))
    return search


def _values(facet: str) -> Agg[Any]:
    return A("terms", field=f"codes.{facet}", size=_MOST_VALUES)


def _filters(query: EngineQuery, but: str = "") -> list[Query]:
    return [_terms(f"codes.{facet}", codes) for facet, codes in sorted(query.filters.items()) if facet != but]


def _matching(query: EngineQuery, filters: Sequence[Query]) -> Query:
    filters_and_clauses = [_terms("audience", query.audience), *filters]
    if query.only:
        filters_and_clauses.append(_terms("key", query.only))
    if query.clauses and query.minimum > 0:  # with minimum 0, the server would still require one clause
        clauses = [_clause(clause) for clause in query.clauses]
        filters_and_clauses.append(Q("bool", should=clauses, minimum_should_match=min(query.minimum, len(clauses))))
    filters_and_clauses += [_clause(clause) for clause in query.required]
    excluded = [_clause(clause) for clause in query.excluded]
    if query.hidden:
        excluded.append(_terms("key", query.hidden))
    scoring = (
        [] if query.order == "newest" else [_scoring(scoring, query) for scoring in query.scoring if scoring.tokens]
    )
    parts: dict[str, Any] = {"filter": filters_and_clauses}
    if excluded:
        parts["must_not"] = excluded
    if scoring:
        parts |= {"should": scoring, "minimum_should_match": 0}
    return Q("bool", **parts)


def _terms(field: str, values: frozenset[str]) -> Query:
    return Q("terms", **{field: sorted(values)})


def _clause(clause: Clause) -> Query:
    matches = [_match(match) for match in clause.any_of if match.tokens]
    return Q("bool", should=matches, minimum_should_match=1) if matches else Q("match_none")


def _match(match: Match) -> Query:
    words = " ".join(map(cut, match.tokens))
    fields = [f"{match.kind}.{name}" for name in ([match.part] if match.part else FIELDS)]
    if match.prefix:  # the prefix is used as it is, without analysis
        return Q("bool", should=[Q("prefix", **{field: words}) for field in fields], minimum_should_match=1)
    if match.phrase:
        return Q("bool", should=[Q("match_phrase", **{field: words}) for field in fields], minimum_should_match=1)
    return Q("combined_fields", query=words, fields=fields, operator="and")


def _scoring(scoring: Scoring, query: EngineQuery) -> Query:
    fields = [f"{scoring.kind}.{name}^{weight(query.field_weights.get(name, 1.0)):g}" for name in FIELDS]
    words = " ".join(map(cut, scoring.tokens))
    return Q("combined_fields", query=words, fields=fields, operator="or", boost=scoring.weight)


def weight(factor: float) -> float:
    """Returns the weight of a field in the form that `combined_fields` accepts: at least 1
    (elasticsearch_document.SCALE)."""
    return max(1.0, factor * SCALE)


# --- answers ----------------------------------------------------------------------------


def engine_result(query: EngineQuery, answers: Sequence[Mapping[str, Any]]) -> EngineResult:
    """Returns the answers to `searches(query)` as an EngineResult."""
    first = answers[0]
    facets = {
        facet: _buckets(answer["aggregations"][facet])
        for facet in query.facets
        for answer in answers
        if facet in answer.get("aggregations", {})
    }
    return EngineResult(first["hits"]["total"]["value"], engine_hits(first["hits"]["hits"]), facets)


def engine_hits(raw: Sequence[Mapping[str, Any]]) -> tuple[EngineHit, ...]:
    """Returns the hits of an answer.

    An index with an older mapping contains no signals. Until it is rebuilt, it is searched without bonuses.
    """
    signals = Signals.read([hit.get("fields", _NO_SIGNALS)["signals"][0] for hit in raw])
    return tuple(
        EngineHit(hit["sort"][1], hit["_score"] or 0.0, signals_of_hit)
        for hit, signals_of_hit in zip(raw, signals, strict=True)
    )


def _buckets(answer: Mapping[str, Any]) -> dict[str, int]:
    buckets = answer.get("values", answer)["buckets"]
    return {bucket["key"]: bucket["doc_count"] for bucket in buckets}
