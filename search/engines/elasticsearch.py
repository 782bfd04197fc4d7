"""The Elasticsearch engine, for production and any size. It needs server 8.19 or newer (and 9.x), and uses the official
client.

Each generation is one index with the name `<prefix>-<12 hex digits>`. The alias `<prefix>` points to the live index.
Each index has a second alias, which is used only for writes. So a write can never create a dropped index again. A
deleted document stays as a tombstone under its version. The engine changes only indices that have such a name and our
stamp in their mapping. It uses only features that every distribution of the server has (docs/reference/search.md).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeVar

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from search.engines import elasticsearch_document as documents
from search.engines import elasticsearch_query as queries
from search.engines.base import (
    Change,
    EngineHit,
    EngineQuery,
    EngineResult,
    EngineUnavailable,
    Generation,
    GenerationGone,
    IndexLost,
)
from search.engines.elasticsearch_client import Client, IndexMissing, Patience, Server, answer_advice
from search.engines.validation import rejection

Answer = TypeVar("Answer")

_MOST_DOCUMENTS, _MOST_BYTES = 100, 5 * 1024 * 1024  # per bulk request
_SCAN_PAGE = 5_000  # documents per step of a scan
_KEEP_ALIVE = "1m"  # between two steps of a scan
_BLOCKS, _FULL = ("write", "read_only"), "read_only_allow_delete"


@dataclass(frozen=True, slots=True)
class _Index:
    """One index, as the server describes it."""

    name: str
    stamp: str
    live: bool
    created: int
    intact: bool  # its mapping is unchanged
    blocked: bool
    disk_full: bool  # the server itself blocks it, because its disk is full
    ours: bool = True  # False: another index; somebody pointed our alias to it


class ElasticsearchEngine:
    """One set of generations on one server. The prefix of their names identifies the set."""

    def __init__(self, server: Server, prefix: str = "manabi", patience: Patience | None = None) -> None:
        self.client = Client(server)
        self.prefix = prefix
        self._patience = patience or Patience()

    # --- generations -------------------------------------------------------------------------

    def generations(self) -> list[Generation]:
        indices = self._all_indices()
        if len([index for index in indices if index.live]) > 1:
            raise IndexLost(advice=self._several_live())
        return [Generation(index.name, _stamp(index), index.live) for index in indices if index.ours]

    def create(self, stamp: str) -> str:
        name = f"{self.prefix}-{uuid.uuid4().hex[:12]}"
        aliases: dict[str, Any] = {_writing(name): {}}
        mapping, settings = documents.mapping(stamp), documents.settings()
        self._manage(lambda es: es.indices.create(index=name, mappings=mapping, settings=settings, aliases=aliases))
        return name

    def swap(self, name: str) -> None:
        others = [index for index in self._all_indices() if index.name != name]
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
        # All indices are deleted in one request. Between two requests, the live alias would point to the indices that
        # are left, and readers would get no results.
        if names := [index.name for index in self._our_indices()]:
            self._manage(lambda es: es.indices.delete(index=names, ignore_unavailable=True))

    # --- writing -----------------------------------------------------------------------------

    def write(self, changes: Sequence[Change], generation: str | None = None) -> dict[str, str]:
        refused = {change.key: reason for change in changes if (reason := rejection(change))}
        accepted = [change for change in changes if change.key not in refused]
        names = [generation] if generation else [index.name for index in self._our_indices()]
        if not names:
            raise IndexLost("no index")
        actions = [documents.action(change, _writing(name)) for name in names for change in accepted]
        # Nobody reads a generation under construction. The generation is refreshed before it is compared or swapped.
        refresh = generation is None
        try:
            for item in self._write(lambda es: _bulk(es, actions, refresh=refresh)):
                self._check_item(item, refused)
        except IndexMissing:
            if generation is not None:
                raise GenerationGone(generation) from None
            raise EngineUnavailable("a generation was dropped during the write") from None
        return refused

    def _check_item(self, item: Mapping[str, Any], refused: dict[str, str]) -> None:
        """Checks the result of one item. The result may be: written, superseded by a later version (409), invalid
        (400), or a server error."""
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
        for document in answer["docs"]:
            self._require_complete(document)
        return {document["_id"]: document["_version"] for document in answer["docs"] if document["found"]}

    def entries(self, generation: str | None = None) -> Iterator[tuple[str, int]]:
        target = generation or self.prefix
        try:
            self._manage(lambda es: es.indices.refresh(index=target))
            body = {"query": {"term": {"live": True}}, "sort": [{"key": "asc"}], "size": _SCAN_PAGE}
            for hit in self._scan(target, {**body, "_source": False, "version": True}):
                yield hit["sort"][0], hit["_version"]
        except IndexMissing:
            raise GenerationGone(generation) if generation else self._lost() from None

    def highest_version(self) -> int:
        highest = {"highest": {"max": {"field": "version"}}}
        answer = self._read_live(lambda es: es.search(index=self.prefix, size=0, aggs=highest))
        return int(answer["aggregations"]["highest"]["value"] or 0)

    def search(self, query: EngineQuery) -> EngineResult:
        if query.offset + query.limit > queries.WINDOW:
            return self._search_beyond_window(query)
        bodies = [search.to_dict() for search in queries.searches(query)]
        header = {
            "index": self.prefix,
            "allow_partial_search_results": False,
            "preference": queries.preference(query),
        }
        searches = [part for body in bodies for part in (header, body)]
        answers = self._read_live(lambda es: es.msearch(searches=searches))["responses"]
        for answer in answers:
            self._require_complete(answer)
        return queries.engine_result(query, answers)

    def _search_beyond_window(self, query: EngineQuery) -> EngineResult:
        """Answers a query for hits beyond the window that a server searches directly.

        First one search gets the counts. Then a scan reads the hits in order, from the first to the last that is
        needed.
        """
        counts = self.search(replace(query, offset=0, limit=0))
        if query.offset >= counts.total:
            return counts
        body = queries.hits(replace(query, facets=(), offset=0, limit=_SCAN_PAGE)).to_dict()
        scanned = islice(self._scan(self.prefix, body), query.offset, query.offset + query.limit)
        hits: tuple[EngineHit, ...] = queries.engine_hits(list(scanned))
        return replace(counts, hits=hits)

    def _scan(self, target: str, body: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Returns every hit in order, as of one point in time. Concurrent changes neither repeat nor skip a hit."""
        opened = self._manage(lambda es: es.open_point_in_time(index=target, keep_alive=_KEEP_ALIVE))
        body = {key: value for key, value in body.items() if key != "from"}
        body["pit"] = {"id": opened["id"], "keep_alive": _KEEP_ALIVE}
        try:
            while True:
                hits = self._manage(lambda es: es.search(body=body))["hits"]["hits"]
                yield from hits
                if len(hits) < body["size"]:
                    return
                body["search_after"] = hits[-1]["sort"]
        finally:
            self._manage(lambda es: es.close_point_in_time(id=opened["id"]))

    def _require_complete(self, answer: Mapping[str, Any]) -> None:
        """Checks one answer in a response of several answers: it may be an error, or combine two indices."""
        if error := answer.get("error"):
            kind, status = str(error.get("type", "")), int(answer.get("status", 400))
            if kind == "index_not_found_exception":
                raise self._lost()
            if "more than one ind" in str(error):
                raise IndexLost(advice=self._several_live())
            raise self._unavailable(status, kind, str(error))
        if answer.get("_shards", {}).get("total", 1) > 1:  # each of our indices has one shard
            raise IndexLost(advice=self._several_live())

    def _unavailable(self, status: int, kind: str, message: str) -> EngineUnavailable:
        advice = f"検索サーバー（{self.client.server.name}）{answer_advice(status, kind, message)}"
        return EngineUnavailable(f"{status} {kind}", advice=advice)

    # --- health ------------------------------------------------------------------------------

    def health(self) -> list[str]:
        try:
            indices = self._all_indices()
        except EngineUnavailable as error:
            return [error.advice or str(error)]
        problems = [self._several_live()] if len([index for index in indices if index.live]) > 1 else []
        for index in (index for index in indices if index.ours):
            if index.disk_full:
                problems.append(
                    f"索引 {index.name} は、検索サーバーのディスクがいっぱいなので、書き込み禁止になっています。"
                    "空きを作ってください（空けば自動で解けます）。"
                )
            elif index.blocked:
                settings = '{"index.blocks.write": null, "index.blocks.read_only": null}'
                problems.append(
                    f"索引 {index.name} が書き込み禁止になっています。ディスクの空きを確かめ、"
                    f"PUT /{index.name}/_settings {settings} で解いてください。"
                )
            if not index.intact:
                problems.append(
                    f"索引 {index.name} の形（mapping）が手で変えられています。"
                    "manage.py search_rebuild で作り直してください。"
                )
        return problems

    def _several_live(self) -> str:
        return f"別名 {self.prefix} が二つ以上の索引を指しています。manage.py search_rebuild で作り直してください。"

    def _lost(self) -> IndexLost:
        return IndexLost(f"no index behind {self.prefix}")

    # --- requests ----------------------------------------------------------------------------

    def _our_indices(self) -> list[_Index]:
        """Returns our indices, oldest first."""
        return [index for index in self._all_indices() if index.ours]

    def _all_indices(self) -> list[_Index]:
        """Returns our indices, oldest first. If our alias points to another index, this index is included."""
        answer = self._write(
            lambda es: es.indices.get(
                index=f"{self.prefix}-*,{self.prefix}",
                allow_no_indices=True,
                ignore_unavailable=True,
                filter_path="*.aliases,*.mappings,*.settings.index.creation_date,*.settings.index.blocks",
            )
        )
        indices = []
        for name, description in answer.items():
            stamp = description.get("mappings", {}).get("_meta", {}).get("stamp")
            live = self.prefix in description.get("aliases", {})
            ours = stamp is not None and bool(re.fullmatch(re.escape(self.prefix) + "-[0-9a-f]{12}", name))
            if not ours and not live:
                continue
            settings = description["settings"]["index"]
            blocks = settings.get("blocks", {})
            indices.append(
                _Index(
                    name=name,
                    stamp=stamp or "",
                    live=live,
                    created=int(settings["creation_date"]),
                    intact=ours and documents.is_unchanged(description["mappings"]),
                    blocked=any(str(blocks.get(block)) == "true" for block in _BLOCKS),
                    disk_full=str(blocks.get(_FULL)) == "true",
                    ours=ours,
                )
            )
        return sorted(indices, key=lambda index: (index.created, index.name))

    def _read_live(self, call: Callable[[Elasticsearch], Answer]) -> Answer:
        try:
            return self.client.request(call, timeout=self._patience.reading)
        except IndexMissing:
            raise self._lost() from None

    def _write(self, call: Callable[[Elasticsearch], Answer]) -> Answer:
        return self.client.request(call, timeout=self._patience.writing, retry=True)

    def _manage(self, call: Callable[[Elasticsearch], Answer]) -> Answer:
        return self.client.request(call, timeout=self._patience.managing)


def _stamp(index: _Index) -> str:
    """Returns the stamp of an index.

    If the mapping was changed, the stamp is different, so that the index is rebuilt. The note is in front of the stamp,
    because the end of a stamp must be the id.
    """
    return index.stamp if index.intact else f"mapping changed by hand, {index.stamp}"


def _writing(name: str) -> str:
    """Returns the alias of an index that is used only for writes."""
    return f"{name}-writing"


def _bulk(es: Elasticsearch, actions: Sequence[dict[str, Any]], *, refresh: bool) -> list[Mapping[str, Any]]:
    """Writes the items and returns the result of each item, in order.

    The target must be an alias, so that a dropped index is not created again.
    """
    items = streaming_bulk(
        es,
        actions,
        chunk_size=_MOST_DOCUMENTS,
        max_chunk_bytes=_MOST_BYTES,
        raise_on_error=False,
        refresh=refresh,
        require_alias=True,
    )
    return [item["index"] for _, item in items]
