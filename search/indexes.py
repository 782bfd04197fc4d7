"""Generations of the index: build a new one beside the live one, count it, swap it in with one call.

While one is being built the worker writes every change to both, each write under its own version, so
nothing that changes meanwhile is lost and no order of writes matters. Killed at any point, the live
generation stays as it was; the half-built one is dropped by the next rebuild.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from search import events
from search.engines.base import Engine, GenerationGone, IndexLost
from search.indexing import BATCH, index, stamp
from search.models import PendingChange, VersionCounter
from search.registry import sources

#: How often what changed while building is looked for again before a rebuild gives up.
_ROUNDS = 5

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


def why_rebuild(engine: Engine) -> str:
    """Why the live generation cannot serve this code and this database; empty where it can."""
    try:
        live = next((generation for generation in engine.generations() if generation.live), None)
        if live is None:
            return "no generation is live"
        if live.stamp != stamp():
            return "the index was made by other rules"
        if engine.highest_version() > VersionCounter.last():
            return "the index is newer than the database (was a backup restored?)"
    except IndexLost as error:
        return str(error)
    return ""


def rebuild(engine: Engine, progress: Progress = lambda done, total: None) -> int:
    """Build, compare, swap. Gives the number of documents. Raises RebuildFailed and changes nothing else."""
    total = sum(source.eligible().count() for source in sources().values())
    name = _fresh(engine)
    done = 0
    invalid: set[str] = set()
    for source in sources().values():
        for pks in _batches(source.eligible().order_by("pk").values_list("pk", flat=True).iterator(chunk_size=2000)):
            outcome = index(engine, {source.name: pks}, name)
            invalid |= outcome.invalid.keys() | outcome.refused.keys()
            done += len(pks)
            progress(done, max(total, done))
    for _ in range(_ROUNDS):
        difference = compare(engine, name)
        left = (difference.missing | difference.extra) - invalid
        if not left:
            break
        for keys in _batches(iter(sorted(left))):  # what changed meanwhile, and came before or after our reading
            outcome = index(engine, by_source(keys), name)
            invalid |= outcome.invalid.keys() | outcome.refused.keys()
    else:
        engine.drop(name)
        raise RebuildFailed(f"{len(left)} documents still differ after {_ROUNDS} rounds")
    for key in sorted(invalid):  # the queue tries them again and parks them with their reason
        source_name, _, pk = key.partition(":")
        PendingChange.objects.enqueue(source_name, [pk])
    try:
        engine.swap(name)
    except GenerationGone:
        raise RebuildFailed("another rebuild has started") from None
    events.log(events.Event.INDEX_REBUILT, documents=done, invalid=len(invalid))
    return done


def compare(engine: Engine, generation: str | None = None) -> Difference:
    """What a generation (the live one) lacks, and what it holds that it should not. Repairs nothing."""
    held = {key for key, _ in engine.entries(generation)}
    wanted = {
        f"{source.name}:{pk}" for source in sources().values() for pk in source.eligible().values_list("pk", flat=True)
    }
    return Difference(frozenset(wanted - held), frozenset(held - wanted))


def by_source(keys: list[str]) -> dict[str, list[str]]:
    """Keys as source name → primary keys; keys of a source that is gone are left out."""
    found: dict[str, list[str]] = {}
    for key in keys:
        name, _, pk = key.partition(":")
        if name in sources():
            found.setdefault(name, []).append(pk)
    return found


def _fresh(engine: Engine) -> str:
    """An empty generation; what an earlier rebuild left half done is dropped, a lost store thrown away."""
    try:
        for generation in engine.generations():
            if not generation.live:
                engine.drop(generation.name)
        return engine.create(stamp())
    except IndexLost:
        engine.reset()
        return engine.create(stamp())


def _batches(items: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(items, BATCH)):
        yield batch
