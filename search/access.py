"""Access control: the index filters by the reader's tokens, then the database decides.

There are two gates. `gate` returns the filter that is part of every query to an engine. `authorise` asks the database
again when a search is answered. No other module of search asks who the reader is, and only `authorise` returns cards.
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

#: The number of pending changes that are checked before a search, so that counts are exact too. After a reorganisation,
#: thousands of changes may be pending, and only some are checked. Hidden documents of the other changes are never
#: shown, but they may be counted.
_PENDING_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Gate:
    """The filter for the queries of one reader."""

    audience: frozenset[str]
    hidden: frozenset[str]  # These keys are hidden: the reader lost access, but the index may still return them.


@dataclass(frozen=True, slots=True)
class Allowed:
    """A document that this reader may open. The database has just confirmed this."""

    key: str
    card: Card


def gate(user: Viewer) -> Gate:
    """Returns the reader's tokens, and the keys of documents to which pending changes have ended this reader's
    access."""
    pending = list(PendingChange.objects.order_by("-pk").values_list("source", "object_pk")[:_PENDING_LIMIT])
    hidden: set[str] = set()
    for name, source in sources().items():
        keys = {f"{name}:{pk}" for source_name, pk in pending if source_name == name}
        if keys:
            hidden |= keys - {f"{name}:{pk}" for pk in source.visible_to(user, _pks(source, keys).values())}
    return Gate(reader_tokens(user), frozenset(hidden))


def may_explain(user: Viewer) -> bool:
    """Whether this reader may see why a hit has its rank. Only the knowledge office may: it is responsible for the
    order."""
    return "role:km" in reader_tokens(user)


def authorise(user: Viewer, keys: Sequence[str]) -> list[Allowed]:
    """Returns the documents of `keys` that `user` may open, in the same order, each with its card."""
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
    """Returns the hits that the database finds without the engine. The access policy is the same."""
    keys = [f"{name}:{pk}" for name, source in sources().items() for pk in source.fallback(user, words, limit)]
    return authorise(user, keys)


def _pks(source: SearchSource, keys: Collection[str]) -> dict[str, PrimaryKey]:
    """Returns the primary keys that belong to these keys. All keys must be of one source."""
    pk_field = source.model._meta.pk
    pks = {}
    for key in keys:
        with suppress(ValidationError):  # A key that another version of the code wrote (during a rolling upgrade).
            pks[key] = pk_field.to_python(key.partition(":")[2])
    return pks


def _log_dropped(dropped: Sequence[str]) -> None:
    """Logs hits that were dropped without a pending change.

    While a change is pending, a dropped hit is expected. A dropped hit without a pending change shows that the index
    and the database differ, so it is logged.
    """
    if not dropped:
        return
    pks = [key.partition(":")[2] for key in dropped]
    pending = PendingChange.objects.filter(object_pk__in=pks).keys()
    if drifted := [key for key in dropped if key not in pending]:
        events.log(events.Event.HIT_DROPPED, count=len(drifted))
