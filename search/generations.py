"""Generations of the index: build a new generation beside the live one, compare it with the database, swap it in.

During a build, the worker writes every change to both generations, and each write has its own version. So no change is
lost, and the order of the writes does not matter. If the build is killed, the live generation is unchanged, and the
next rebuild drops the incomplete one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from uuid import uuid4

from search import events
from search.documents import SearchDocument
from search.engines.base import Change, Engine, GenerationGone, IndexLost
from search.indexing import describe, index, stamp
from search.models import LiveGeneration, PendingChange, VersionCounter
from search.registry import PrimaryKey, sources

#: Documents per write. The number is larger than the worker's batch, because nobody waits for these documents. In the
#: embedded engine, each write makes a segment that must be merged later, and rewrites the bitmaps. A write of 500
#: documents instead of 100 saves a fifth of the writing time.
_BATCH = 500
#: A rebuild writes the changes that were made meanwhile, at most this many times. After the last time, the rebuild
#: gives up.
_ROUNDS = 5
#: The separator in a stamp between the versions and the id of the generation.
_UID = ", generation "

Item = TypeVar("Item")
Progress = Callable[[int, int], None]


class RebuildFailed(Exception):  # noqa: N818 -- the name says what happened
    """The new generation does not match the database. The live generation is unchanged."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The differences between index and database, as keys of documents."""

    missing: frozenset[str]
    extra: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra)

    def only(self, keys: Collection[str]) -> Difference:
        return Difference(self.missing.intersection(keys), self.extra.intersection(keys))

    def without(self, keys: Collection[str]) -> Difference:
        return Difference(self.missing.difference(keys), self.extra.difference(keys))


def why_rebuild(engine: Engine) -> str:
    """Returns why this code and this database cannot use the live generation. Returns an empty string if they can."""
    try:
        live = next((generation for generation in engine.generations() if generation.live), None)
        if live is None:
            return "まだ索引がありません"
        versions, _, uid = live.stamp.partition(_UID)
        if versions != stamp():
            return "索引が、今と違う決まり（分析、辞書、形）で作られています"
        if not LiveGeneration.belongs(uid):
            return "索引が、このデータベースのものではありません（別の検索エンジンを使っていたか、バックアップを戻したとき）"
        if engine.highest_version() > VersionCounter.last():
            return "索引がデータベースより新しいものです（データベースのバックアップを戻したとき）"
    except IndexLost as error:
        return str(error)
    return ""


def rebuild(engine: Engine, progress: Progress = lambda done, total: None) -> int:
    """Builds a new generation, compares it with the database and swaps it in. Returns the number of documents.

    If RebuildFailed is raised, the live generation is unchanged.
    """
    try:
        return _rebuild(engine, progress)
    except GenerationGone:
        raise RebuildFailed("another rebuild has started") from None
    except IndexLost:  # The store looked intact, but it was not.
        engine.reset()
        return _rebuild(engine, progress)


def _rebuild(engine: Engine, progress: Progress) -> int:
    total = sum(source.eligible().count() for source in sources().values())
    uid = uuid4().hex
    name = _empty_generation(engine, f"{stamp()}{_UID}{uid}")
    failed: set[str] = set()
    done = 0
    for source in sources().values():
        # Read all keys first. While a read is open and another connection has changed the data, SQLite cannot write.
        for pks in _batches(iter(list(source.eligible().order_by("pk").values_list("pk", flat=True)))):
            failed |= _index(engine, {source.name: pks}, name)
            done += len(pks)
            progress(done, max(total, done))
    _catch_up(engine, name, failed)
    LiveGeneration.announce(uid)  # if the process is killed from here on, the live generation is known in any case
    engine.swap(name)
    LiveGeneration.note(uid)
    # The worker tries these rows again, and parks them with a reason.
    for source_name, pks in by_source(sorted(failed)).items():
        PendingChange.objects.enqueue(source_name, pks)
    events.log(events.Event.INDEX_REBUILT, documents=done, wrong=len(failed))
    return done


def _catch_up(engine: Engine, name: str, failed: set[str]) -> None:
    """Writes the changes that were made during the build, until the new generation matches the database."""
    left: frozenset[str] | set[str] = frozenset()
    for _ in range(_ROUNDS):
        difference = compare(engine, name)
        left = (difference.missing | difference.extra) - failed
        if not left:
            return
        for keys in _batches(iter(sorted(left))):
            failed |= _index(engine, by_source(keys), name)
    engine.drop(name)
    raise RebuildFailed(f"{len(left)} documents still differ after {_ROUNDS} rounds")


def _index(engine: Engine, pks_by_source: Mapping[str, Collection[PrimaryKey]], name: str) -> set[str]:
    outcome = index(engine, pks_by_source, name)
    return {*outcome.invalid, *outcome.refused}


def fill(engine: Engine, documents: Iterable[SearchDocument]) -> int:
    """Makes a live generation that contains exactly these documents. Does not use the database (for the evaluation)."""
    name, count = engine.create(stamp()), 0
    for batch in _batches(iter(documents)):
        count += len(batch)
        engine.write([Change(document.key, 1, describe(document)) for document in batch], name)
    engine.swap(name)
    return count


def compare(engine: Engine, generation: str | None = None) -> Difference:
    """Returns the documents that a generation lacks and the documents that it should not contain.

    The default is the live generation. Nothing is repaired.
    """
    indexed = {key for key, _ in engine.entries(generation)}
    eligible = {
        f"{source.name}:{pk}" for source in sources().values() for pk in source.eligible().values_list("pk", flat=True)
    }
    return Difference(frozenset(eligible - indexed), frozenset(indexed - eligible))


def by_source(keys: Iterable[str]) -> dict[str, list[str]]:
    """Returns the primary keys of each source, by the source's name. Keys of a source that no longer exists are left
    out."""
    pks: dict[str, list[str]] = {}
    for key in keys:
        name, _, pk = key.partition(":")
        if name in sources():
            pks.setdefault(name, []).append(pk)
    return pks


def _empty_generation(engine: Engine, stamp: str) -> str:
    """Creates an empty generation and returns its name.

    Incomplete generations of earlier rebuilds are dropped. A lost store is deleted first.
    """
    try:
        for generation in engine.generations():
            if not generation.live:
                engine.drop(generation.name)
        return engine.create(stamp)
    except IndexLost:
        engine.reset()
        return engine.create(stamp)


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
