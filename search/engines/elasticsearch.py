"""The engine for production and any size: Elasticsearch 8.19 or newer (and 9.x), through its own client.

Each generation is one index, `<prefix>-<twelve signs>`; the live one stands behind the alias `<prefix>`, and
each has an alias of its own that only writes use, so that a write can never bring a dropped index back. What is
forgotten stays as a tombstone under its version. Only indices of this form, with our mark in their mapping, are
touched. It refuses anything that not every distribution of the server offers (docs/search.md).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from search.engines import elasticsearch_document as documents
from search.engines import elasticsearch_query as queries
from search.engines.base import (
    Change,
    EngineHit,
    EngineUnavailable,
    Found,
    Generation,
    GenerationGone,
    IndexLost,
    Plan,
)
from search.engines.elasticsearch_client import Client, IndexMissing, Patience, Server, answer_advice
from search.engines.limits import problem

Answer = TypeVar("Answer")

_MOST_DOCUMENTS, _MOST_BYTES = 100, 5 * 1024 * 1024  # of one bulk
_PAGE = 5_000  # of a walk through all documents
_KEEP = "1m"  # between two steps of a walk
_BLOCKS, _FULL = ("write", "read_only"), "read_only_allow_delete"


@dataclass(frozen=True, slots=True)
class _Index:
    """One index of ours, as the server tells of it."""

    name: str
    stamp: str
    live: bool
    made: int
    whole: bool  # its mapping is still as it was made
    blocked: bool
    full: bool  # the server itself blocked it, for want of room on its disk
    ours: bool = True  # else it only stands behind our alias, put there by hand


class ElasticsearchEngine:
    """One set of generations on one server, told from others by the prefix of their names."""

    def __init__(self, server: Server, prefix: str = "manabi", patience: Patience | None = None) -> None:
        self.client = Client(server)
        self.prefix = prefix
        self._patience = patience or Patience()

    # --- generations -------------------------------------------------------------------------

    def generations(self) -> list[Generation]:
        everything = self._everything()
        if len([index for index in everything if index.live]) > 1:
            raise IndexLost(advice=self._two_live())
        found = [index for index in everything if index.ours]
        # A changed mapping is a changed stamp: whoever compares stamps builds anew. In front, for a stamp ends in an id.
        return [Generation(index.name, index.stamp if index.whole else f"mapping changed by hand, {index.stamp}",
                           index.live) for index in found]  # fmt: skip

    def create(self, stamp: str) -> str:
        name = f"{self.prefix}-{uuid.uuid4().hex[:12]}"
        self._manage(lambda es: es.indices.create(
            index=name, mappings=documents.mapping(stamp), settings=documents.settings(), aliases={_writing(name): {}},
        ))  # fmt: skip
        return name

    def swap(self, name: str) -> None:
        others = [index for index in self._everything() if index.name != name]
        actions: list[dict[str, Any]] = [{"add": {"index": name, "alias": self.prefix}}]
        actions += [{"remove_index": {"index": other.name}} for other in others if other.ours]
        actions += [{"remove": {"index": other.name, "alias": self.prefix}} for other in others if not other.ours]
        try:
            self._manage(lambda es: es.indices.refresh(index=_writing(name)))
            self._manage(lambda es: es.indices.update_aliases(actions=actions))
        except IndexMissing:
            raise GenerationGone(name) from None

    def drop(self, name: str) -> None:
        self._manage(lambda es: es.indices.delete(index=name, ignore_unavailable=True))

    def reset(self) -> None:
        # At one go: between two calls the live alias would stand on what is left, and readers be told that there is nothing.
        if names := [index.name for index in self._indices()]:
            self._manage(lambda es: es.indices.delete(index=names, ignore_unavailable=True))

    # --- writing -----------------------------------------------------------------------------

    def write(self, changes: Sequence[Change], generation: str | None = None) -> dict[str, str]:
        refused = {change.key: reason for change in changes if (reason := problem(change))}
        kept = [change for change in changes if change.key not in refused]
        names = [generation] if generation else [index.name for index in self._indices()]
        if not names:
            raise IndexLost("no index")
        actions = [documents.action(change, _writing(name)) for name in names for change in kept]
        # What is being built is read by nobody yet; whoever compares or swaps it refreshes it first.
        refresh = generation is None
        try:
            for item in self._write(lambda es: _bulk(es, actions, refresh=refresh)):
                self._judge(item, refused)
        except IndexMissing:
            if generation is not None:
                raise GenerationGone(generation) from None
            raise EngineUnavailable("a generation was dropped during the write") from None
        return refused

    def _judge(self, item: Mapping[str, Any], refused: dict[str, str]) -> None:
        """One item's fate: written, already there in a later version, refused for what it is, or none of its fault."""
        error, status = item.get("error"), item["status"]
        if not error or status == 409:
            return
        kind = str(error.get("type", "")) if isinstance(error, dict) else str(error)
        if kind == "index_not_found_exception":
            raise IndexMissing(kind)
        if status != 400:
            raise self._unavailable(status, kind, str(error))
        refused[item["_id"]] = f"{kind}: {str(error.get('reason', ''))[:200]}" if isinstance(error, dict) else kind

    # --- reading -----------------------------------------------------------------------------

    def stored(self, keys: Collection[str]) -> dict[str, int]:
        if not keys:
            return {}
        answer = self._read_live(lambda es: es.mget(index=self.prefix, ids=sorted(keys), source=False))
        for found in answer["docs"]:
            self._require_whole(found)
        return {found["_id"]: found["_version"] for found in answer["docs"] if found["found"]}

    def entries(self, generation: str | None = None) -> Iterator[tuple[str, int]]:
        target = generation or self.prefix
        try:
            self._manage(lambda es: es.indices.refresh(index=target))
            question = {"query": {"term": {"live": True}}, "sort": [{"key": "asc"}], "size": _PAGE}
            for hit in self._walk(target, {**question, "_source": False, "version": True}):
                yield hit["sort"][0], hit["_version"]
        except IndexMissing:
            raise GenerationGone(generation) if generation else self._lost() from None

    def highest_version(self) -> int:
        highest = {"highest": {"max": {"field": "version"}}}
        answer = self._read_live(lambda es: es.search(index=self.prefix, size=0, aggs=highest))
        return int(answer["aggregations"]["highest"]["value"] or 0)

    def search(self, plan: Plan) -> Found:
        if plan.offset + plan.limit > queries.WINDOW:
            return self._far(plan)
        bodies = [question.to_dict() for question in queries.searches(plan)]
        header = {
            "index": self.prefix,
            "allow_partial_search_results": False,
            "preference": queries.preference(plan),
        }
        asked = [part for body in bodies for part in (header, body)]
        answers = self._read_live(lambda es: es.msearch(searches=asked))["responses"]
        for answer in answers:
            self._require_whole(answer)
        return queries.found(plan, answers)

    def _far(self, plan: Plan) -> Found:
        """Deeper than a server looks by itself: the counts first, then a walk from hit to hit."""
        top = self.search(replace(plan, offset=0, limit=0))
        if plan.offset >= top.total:
            return top
        question = queries.hits(replace(plan, facets=(), offset=0, limit=_PAGE)).to_dict()
        raw = []
        for place, hit in enumerate(self._walk(self.prefix, question)):
            if place >= plan.offset + plan.limit:
                break
            if place >= plan.offset:
                raw.append(hit)
        hits: tuple[EngineHit, ...] = queries.engine_hits(raw)
        return replace(top, hits=hits)

    def _walk(self, target: str, question: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Every hit in order, over one point in time: nothing that changes meanwhile is met twice or missed."""
        opened = self._manage(lambda es: es.open_point_in_time(index=target, keep_alive=_KEEP))
        body = {key: value for key, value in question.items() if key != "from"}
        body["pit"] = {"id": opened["id"], "keep_alive": _KEEP}
        try:
            while True:
                hits = self._manage(lambda es: es.search(body=body))["hits"]["hits"]
                yield from hits
                if len(hits) < body["size"]:
                    return
                body["search_after"] = hits[-1]["sort"]
        finally:
            self._manage(lambda es: es.close_point_in_time(id=opened["id"]))

    def _require_whole(self, answer: Mapping[str, Any]) -> None:
        """One of several answers of a request may be an error, or come from two indices at once."""
        if error := answer.get("error"):
            kind, status = str(error.get("type", "")), int(answer.get("status", 400))
            if kind == "index_not_found_exception":
                raise self._lost()
            if "more than one ind" in str(error):
                raise IndexLost(advice=self._two_live())
            raise self._unavailable(status, kind, str(error))
        if answer.get("_shards", {}).get("total", 1) > 1:  # each of ours has one shard
            raise IndexLost(advice=self._two_live())

    def _unavailable(self, status: int, kind: str, said: str) -> EngineUnavailable:
        advice = f"検索サーバー（{self.client.server.name}）{answer_advice(status, kind, said)}"
        return EngineUnavailable(f"{status} {kind}", advice=advice)

    # --- health ------------------------------------------------------------------------------

    def health(self) -> list[str]:
        try:
            found = self._everything()
        except EngineUnavailable as error:
            return [error.advice or str(error)]
        told = [self._two_live()] if len([index for index in found if index.live]) > 1 else []
        for index in (one for one in found if one.ours):
            if index.full:
                told.append(
                    f"索引 {index.name} は、検索サーバーのディスクがいっぱいなので、書き込み禁止になっています。"
                    "空きを作ってください（空けば自動で解けます）。"
                )
            elif index.blocked:
                settings = '{"index.blocks.write": null, "index.blocks.read_only": null}'
                told.append(
                    f"索引 {index.name} が書き込み禁止になっています。ディスクの空きを確かめ、"
                    f"PUT /{index.name}/_settings {settings} で解いてください。"
                )
            if not index.whole:
                told.append(
                    f"索引 {index.name} の形（mapping）が手で変えられています。"
                    "manage.py search_rebuild で作り直してください。"
                )
        return told

    def _two_live(self) -> str:
        return f"別名 {self.prefix} が二つ以上の索引を指しています。manage.py search_rebuild で作り直してください。"

    def _lost(self) -> IndexLost:
        return IndexLost(f"no index behind {self.prefix}")

    # --- asking ------------------------------------------------------------------------------

    def _indices(self) -> list[_Index]:
        """Our indices, oldest first."""
        return [index for index in self._everything() if index.ours]

    def _everything(self) -> list[_Index]:
        """Our indices, oldest first, and whatever else stands behind our alias."""
        answer = self._write(lambda es: es.indices.get(
            index=f"{self.prefix}-*,{self.prefix}", allow_no_indices=True, ignore_unavailable=True,
            filter_path="*.aliases,*.mappings,*.settings.index.creation_date,*.settings.index.blocks",
        ))  # fmt: skip
        found = []
        for name, told in answer.items():
            stamp = told.get("mappings", {}).get("_meta", {}).get("stamp")
            live = self.prefix in told.get("aliases", {})
            ours = stamp is not None and bool(re.fullmatch(re.escape(self.prefix) + "-[0-9a-f]{12}", name))
            if not ours and not live:
                continue
            settings = told["settings"]["index"]
            blocks = settings.get("blocks", {})
            found.append(_Index(
                name=name,
                stamp=stamp or "",
                live=live,
                made=int(settings["creation_date"]),
                whole=ours and documents.fits(told["mappings"]),
                blocked=any(str(blocks.get(block)) == "true" for block in _BLOCKS),
                full=str(blocks.get(_FULL)) == "true",
                ours=ours,
            ))  # fmt: skip
        return sorted(found, key=lambda index: (index.made, index.name))

    def _read_live(self, call: Callable[[Elasticsearch], Answer]) -> Answer:
        try:
            return self.client.ask(call, seconds=self._patience.reading)
        except IndexMissing:
            raise self._lost() from None

    def _write(self, call: Callable[[Elasticsearch], Answer]) -> Answer:
        return self.client.ask(call, seconds=self._patience.writing, again=True)

    def _manage(self, call: Callable[[Elasticsearch], Answer]) -> Answer:
        return self.client.ask(call, seconds=self._patience.managing)


def _writing(name: str) -> str:
    """The alias of an index that only writes use."""
    return f"{name}-writing"


def _bulk(es: Elasticsearch, actions: Sequence[dict[str, Any]], *, refresh: bool) -> list[Mapping[str, Any]]:
    """The fate of each item, in order. An index that is gone is not made again: the target has to be an alias."""
    items = streaming_bulk(
        es, actions, chunk_size=_MOST_DOCUMENTS, max_chunk_bytes=_MOST_BYTES, raise_on_error=False,
        refresh=refresh, require_alias=True,
    )  # fmt: skip
    return [item["index"] for _, item in items]
