"""A plan as questions to Elasticsearch, and its answers as Found. Pure: questions are data that tests compare.

Permission is a filter of every question. It refuses whatever counts or shows outside that filter
(post_filter, global aggregations, zeros in counts), and whatever reads a query's text as a language.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from elasticsearch.dsl import A, Q, Search
from elasticsearch.dsl.query import Query

from search.engines.base import FIELDS, Clause, EngineHit, Found, Match, Plan, Scoring, Signals
from search.engines.elasticsearch_document import SCALE, cut

#: How deep a server looks by itself; further pages are walked to (Elasticsearch's max_result_window).
WINDOW = 10_000
#: More values than any facet has: none is left out of the counts.
_MOST_VALUES = 10_000
_NO_SIGNALS = {"signals": ["{}"]}


def searches(plan: Plan) -> list[Search]:
    """One question, and a second one where a chosen facet is counted without its own filter."""
    chosen = [facet for facet in plan.facets if facet in plan.filters]
    first = hits(replace(plan, facets=tuple(facet for facet in plan.facets if facet not in chosen)))
    return [first, _counts(plan, chosen)] if chosen else [first]


def preference(plan: Plan) -> str:
    """Who answers, where an index has copies: all pages of one question from one copy, for scores differ a little."""
    return f"plan-{zlib.crc32(repr((plan.clauses, plan.required, plan.scoring)).encode()):08x}"


def hits(plan: Plan) -> Search:
    """The hits of a plan, with the counts of facets that nobody has chosen from."""
    question = Search().query(_matching(plan, _filters(plan)))
    for facet in plan.facets:
        question.aggs.bucket(facet, _values(facet))
    question = question.sort("-newest" if plan.order == "newest" else "_score", "-key")
    # Only columns are read. To look into what is stored of each of 200 hits was most of a server's work on a question.
    question = question.source(False).extra(stored_fields="_none_", docvalue_fields=["signals"])
    return question.extra(**{"track_total_hits": True, "from": plan.offset, "size": plan.limit})


def _counts(plan: Plan, chosen: Sequence[str]) -> Search:
    question = Search().query(_matching(replace(plan, scoring=()), [])).extra(size=0, track_total_hits=False)
    for facet in chosen:
        others = _filters(plan, but=facet)
        within = A("filter", filter=Q("bool", filter=others) if others else Q("match_all"))
        question.aggs.bucket(facet, within).bucket("values", _values(facet))
    return question


def _values(facet: str) -> Any:
    return A("terms", field=f"codes.{facet}", size=_MOST_VALUES)


def _filters(plan: Plan, but: str = "") -> list[Query]:
    return [_terms(f"codes.{facet}", codes) for facet, codes in sorted(plan.filters.items()) if facet != but]


def _matching(plan: Plan, filters: Sequence[Query]) -> Query:
    needed = [_terms("audience", plan.audience), *filters]
    if plan.only:
        needed.append(_terms("key", plan.only))
    if plan.clauses and plan.minimum > 0:  # a server would still want one of them
        clauses = [_clause(clause) for clause in plan.clauses]
        needed.append(Q("bool", should=clauses, minimum_should_match=min(plan.minimum, len(clauses))))
    needed += [_clause(clause) for clause in plan.required]
    refused = [_clause(clause) for clause in plan.excluded]
    if plan.hidden:
        refused.append(_terms("key", plan.hidden))
    scoring = [] if plan.order == "newest" else [_scoring(one, plan) for one in plan.scoring if one.tokens]
    parts: dict[str, Any] = {"filter": needed}
    if refused:
        parts["must_not"] = refused
    if scoring:
        parts |= {"should": scoring, "minimum_should_match": 0}
    return Q("bool", **parts)


def _terms(field: str, values: frozenset[str]) -> Query:
    return Q("terms", **{field: sorted(values)})


def _clause(clause: Clause) -> Query:
    ways = [_way(match) for match in clause.any_of if match.tokens]
    return Q("bool", should=ways, minimum_should_match=1) if ways else Q("match_none")


def _way(match: Match) -> Query:
    words = " ".join(map(cut, match.tokens))
    fields = [f"{match.kind}.{name}" for name in ([match.part] if match.part else FIELDS)]
    if match.prefix:  # the one token, as it stands: nothing in it is analysed
        return Q("bool", should=[Q("prefix", **{field: words}) for field in fields], minimum_should_match=1)
    if match.phrase:
        return Q("bool", should=[Q("match_phrase", **{field: words}) for field in fields], minimum_should_match=1)
    return Q("combined_fields", query=words, fields=fields, operator="and")


def _scoring(scoring: Scoring, plan: Plan) -> Query:
    fields = [f"{scoring.kind}.{name}^{weight(plan.field_weights.get(name, 1.0)):g}" for name in FIELDS]
    words = " ".join(map(cut, scoring.tokens))
    return Q("combined_fields", query=words, fields=fields, operator="or", boost=scoring.weight)


def weight(wanted: float) -> float:
    """A field's weight as `combined_fields` takes it: at least 1 (elasticsearch_document.SCALE)."""
    return max(1.0, wanted * SCALE)


# --- answers ----------------------------------------------------------------------------


def found(plan: Plan, answers: Sequence[Mapping[str, Any]]) -> Found:
    """The answers to `searches(plan)`, as every engine gives them."""
    first = answers[0]
    facets = {facet: _buckets(answer["aggregations"][facet])
              for facet in plan.facets for answer in answers if facet in answer.get("aggregations", {})}  # fmt: skip
    return Found(first["hits"]["total"]["value"], engine_hits(first["hits"]["hits"]), facets)


def engine_hits(raw: Sequence[Mapping[str, Any]]) -> tuple[EngineHit, ...]:
    """An index of an older form gives no signals: it is searched, without boosts, until it is rebuilt."""
    signals = Signals.read([hit.get("fields", _NO_SIGNALS)["signals"][0] for hit in raw])
    return tuple(EngineHit(hit["sort"][1], hit["_score"] or 0.0, one) for hit, one in zip(raw, signals, strict=True))


def _buckets(answer: Mapping[str, Any]) -> dict[str, int]:
    buckets = answer.get("values", answer)["buckets"]
    return {bucket["key"]: bucket["doc_count"] for bucket in buckets}
