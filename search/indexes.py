"""Generations of the index: build a new one beside the live one, count it, swap it in with one call.

While one is being built the worker writes every change to both, each write under its own version, so
nothing that changes meanwhile is lost and no order of writes matters. Killed at any point, the live
generation stays as it was; the half-built one is dropped by the next rebuild.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import uuid4

from search import events
from search.documents import SearchDocument
from search.engines.base import Change, Engine, GenerationGone, IndexLost
from search.indexing import describe, index, stamp
from search.models import LiveGeneration, PendingChange, VersionCounter
from search.registry import sources

#: Documents of one write. More than the worker's, for nobody waits for these: each write of the embedded engine ends in a
#: segment that later ones merge, and every bitmap is written again; 500 instead of 100 take a fifth off the writing.
_BATCH = 500
#: How often what changed while building is looked for again before a rebuild gives up.
_ROUNDS = 5
#: Stands in a stamp between the rules that a generation was made by and its id.
_UID = ", generation "

Progress = Callable[[int, int], None]


class RebuildFailed(Exception):  # noqa: N818 -- reads as what happened
    """The new generation does not say what the database says; the live one was left alone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How index and database differ, as keys."""

    missing: frozenset[str]
    extra: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra)

    def only(self, keys: Collection[str]) -> Difference:
        return Difference(self.missing.intersection(keys), self.extra.intersection(keys))

    def without(self, keys: Collection[str]) -> Difference:
        return Difference(self.missing.difference(keys), self.extra.difference(keys))


def why_rebuild(engine: Engine) -> str:
    """Why the live generation cannot serve this code and this database; empty where it can."""
    try:
        live = next((generation for generation in engine.generations() if generation.live), None)
        if live is None:
            return "まだ索引がありません"
        rules, _, uid = live.stamp.partition(_UID)
        if rules != stamp():
            return "索引が、今と違う決まり（分析、辞書、形）で作られています"
        if not LiveGeneration.belongs(uid):
            return "索引が、このデータベースのものではありません（別の検索エンジンを使っていたか、バックアップを戻したとき）"
        if engine.highest_version() > VersionCounter.last():
            return "索引がデータベースより新しいものです（データベースのバックアップを戻したとき）"
    except IndexLost as error:
        return str(error)
    return ""


def rebuild(engine: Engine, progress: Progress = lambda done, total: None) -> int:
    """Build, compare, swap. Gives the number of documents. Raises RebuildFailed and changes nothing else."""
    try:
        return _rebuild(engine, progress)
    except GenerationGone:
        raise RebuildFailed("another rebuild has started") from None
    except IndexLost:  # the store looked whole and was not
        engine.reset()
        return _rebuild(engine, progress)


def _rebuild(engine: Engine, progress: Progress) -> int:
    total = sum(source.eligible().count() for source in sources().values())
    uid = uuid4().hex
    name = _fresh(engine, f"{stamp()}{_UID}{uid}")
    wrong: set[str] = set()
    done = 0
    for source in sources().values():
        # All keys at once: SQLite refuses to write from a connection that still reads what another has changed meanwhile.
        for pks in _batches(iter(list(source.eligible().order_by("pk").values_list("pk", flat=True)))):
            wrong |= _index(engine, {source.name: pks}, name)
            done += len(pks)
            progress(done, max(total, done))
    _catch_up(engine, name, wrong)
    LiveGeneration.announce(uid)  # killed from here on, the one that is live is known, whichever it is
    engine.swap(name)
    LiveGeneration.note(uid)
    for source_name, pks in by_source(sorted(wrong)).items():  # the queue tries them again, and parks them with reason
        PendingChange.objects.enqueue(source_name, pks)
    events.log(events.Event.INDEX_REBUILT, documents=done, wrong=len(wrong))
    return done


def _catch_up(engine: Engine, name: str, wrong: set[str]) -> None:
    """Replay what changed while building, until the new generation holds what the database holds."""
    left: frozenset[str] | set[str] = frozenset()
    for _ in range(_ROUNDS):
        difference = compare(engine, name)
        left = (difference.missing | difference.extra) - wrong
        if not left:
            return
        for keys in _batches(iter(sorted(left))):
            wrong |= _index(engine, by_source(keys), name)
    engine.drop(name)
    raise RebuildFailed(f"{len(left)} documents still differ after {_ROUNDS} rounds")


def _index(engine: Engine, wanted: Mapping[str, Collection[Any]], name: str) -> set[str]:
    outcome = index(engine, wanted, name)
    return {*outcome.invalid, *outcome.refused}


def fill(engine: Engine, documents: Iterable[SearchDocument]) -> int:
    """A live generation of just these documents, with no database behind them (evaluation)."""
    name, count = engine.create(stamp()), 0
    for batch in _batches(iter(documents)):
        count += len(batch)
        engine.write([Change(document.key, 1, describe(document)) for document in batch], name)
    engine.swap(name)
    return count


def compare(engine: Engine, generation: str | None = None) -> Difference:
    """What a generation (the live one) lacks, and what it holds that it should not. Repairs nothing."""
    held = {key for key, _ in engine.entries(generation)}
    wanted = {
        f"{source.name}:{pk}" for source in sources().values() for pk in source.eligible().values_list("pk", flat=True)
    }
    return Difference(frozenset(wanted - held), frozenset(held - wanted))


def by_source(keys: Iterable[str]) -> dict[str, list[str]]:
    """Keys as source name → primary keys; keys of a source that is gone are left out."""
    found: dict[str, list[str]] = {}
    for key in keys:
        name, _, pk = key.partition(":")
        if name in sources():
            found.setdefault(name, []).append(pk)
    return found


def _fresh(engine: Engine, stamp: str) -> str:
    """An empty generation; what an earlier rebuild left half done is dropped, a lost store thrown away."""
    try:
        for generation in engine.generations():
            if not generation.live:
                engine.drop(generation.name)
        return engine.create(stamp)
    except IndexLost:
        engine.reset()
        return engine.create(stamp)


def _batches(items: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
