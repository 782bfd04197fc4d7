"""Access control: the index filters by the reader's tokens, then the database decides.

There are two gates. `gate` gives the filter that is part of every query to an engine. `authorise` asks the database
again at answer time. No other module of search asks who the reader is, and only `authorise` hands out cards.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from search import events
from search.documents import Card
from search.models import PendingChange
from search.registry import PrimaryKey, SearchSource, Viewer, reader_tokens, sources

#: How many pending changes are checked before a search, so that counts are exact too. If more are pending (after a
#: reorganisation: thousands), the rest is still never shown, but may be counted.
_PENDING_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Gate:
    """The filter of one reader's queries."""

    audience: frozenset[str]
    hidden: frozenset[str]  # keys that the index may still return to this reader although access was withdrawn


@dataclass(frozen=True, slots=True)
class Allowed:
    """A document that this reader may open, as the database has just confirmed."""

    key: str
    card: Card


def gate(user: Viewer) -> Gate:
    """The reader's tokens, and the keys that pending changes have withdrawn from this reader."""
    pending = list(PendingChange.objects.order_by("-pk").values_list("source", "object_pk")[:_PENDING_LIMIT])
    hidden: set[str] = set()
    for name, source in sources().items():
        keys = {f"{name}:{pk}" for source_name, pk in pending if source_name == name}
        if keys:
            hidden |= keys - {f"{name}:{pk}" for pk in source.visible_to(user, _pks(source, keys).values())}
    return Gate(reader_tokens(user), frozenset(hidden))


def may_explain(user: Viewer) -> bool:
    """Whether this reader may see why a hit has its place: the knowledge office, which is responsible for the order."""
    return "role:km" in reader_tokens(user)


def authorise(user: Viewer, keys: Sequence[str]) -> list[Allowed]:
    """Those of `keys` that `user` may open, in the same order, with their cards."""
    cards: dict[str, Card] = {}
    for name, source in sources().items():
        pks = _pks(source, [key for key in keys if key.startswith(f"{name}:")])
        if not pks:
            continue
        cards_by_pk = source.cards(user, pks.values())
        cards.update((key, cards_by_pk[pk]) for key, pk in pks.items() if pk in cards_by_pk)
    _log_dropped([key for key in keys if key not in cards])
    return [Allowed(key, cards[key]) for key in keys if key in cards]


def database_fallback(user: Viewer, words: Sequence[str], limit: int) -> list[Allowed]:
    """The hits that the database finds without the engine, under the same access policy."""
    keys = [f"{name}:{pk}" for name, source in sources().items() for pk in source.fallback(user, words, limit)]
    return authorise(user, keys)


def _pks(source: SearchSource, keys: Collection[str]) -> dict[str, PrimaryKey]:
    """Keys of one source → primary keys."""
    pk_field = source.model._meta.pk
    pks = {}
    for key in keys:
        with suppress(ValidationError):  # a key that other code wrote (a rolling upgrade)
            pks[key] = pk_field.to_python(key.partition(":")[2])
    return pks


def _log_dropped(dropped: Sequence[str]) -> None:
    """A dropped hit is expected while its change is pending. Otherwise index and database differ, which is logged."""
    if not dropped:
        return
    pks = [key.partition(":")[2] for key in dropped]
    pending = PendingChange.objects.filter(object_pk__in=pks).keys()
    if drifted := [key for key in dropped if key not in pending]:
        events.log(events.Event.HIT_DROPPED, count=len(drifted))
