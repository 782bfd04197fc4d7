"""Who sees what. The index narrows by the reader's tokens; here the database decides.

Two gates: `gate` is what the first one (inside every query to an engine) filters by, `authorise` is
the second one, at answer time. Nothing else in search asks who a reader is, and only what has come
through `authorise` carries a card that can be shown.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from search import events
from search.documents import Card
from search.models import PendingChange
from search.registry import SearchSource, reader_tokens, sources

#: So many waiting changes are looked at before a search, so that counts are exact too. After a change of
#: thousands at once (a reorganisation) the rest is only kept from being shown, not from being counted.
_WAITING_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Gate:
    """What one reader's queries are narrowed by."""

    audience: frozenset[str]
    hidden: frozenset[str]  # keys that the index may still give to this reader, and the database would not


@dataclass(frozen=True, slots=True)
class Allowed:
    """A document that this reader may open: the database was asked just now."""

    key: str
    card: Card


def gate(user: Any) -> Gate:
    """The reader's tokens, and what changes still waiting have taken away."""
    waiting = list(PendingChange.objects.order_by("-pk").values_list("source", "object_pk")[:_WAITING_LIMIT])
    hidden: set[str] = set()
    for name, source in sources().items():
        keys = {f"{name}:{pk}" for source_name, pk in waiting if source_name == name}
        if keys:
            hidden |= keys - {f"{name}:{pk}" for pk in source.visible_to(user, _pks(source, keys).values())}
    return Gate(reader_tokens(user), frozenset(hidden))


def may_explain(user: Any) -> bool:
    """Whether this reader may ask why hits stand as they do: the knowledge office, which answers for the order."""
    return "role:km" in reader_tokens(user)


def authorise(user: Any, keys: Sequence[str]) -> list[Allowed]:
    """Those of `keys` that `user` may open, in the same order, with what may be shown of them."""
    cards: dict[str, Card] = {}
    for name, source in sources().items():
        asked = _pks(source, [key for key in keys if key.startswith(f"{name}:")])
        if not asked:
            continue
        shown = source.cards(user, asked.values())
        cards.update((key, shown[pk]) for key, pk in asked.items() if pk in shown)
    _report([key for key in keys if key not in cards])
    return [Allowed(key, cards[key]) for key in keys if key in cards]


def newest(user: Any, words: Sequence[str], limit: int) -> list[Allowed]:
    """What the database alone can find, where no engine answers: the same policy, fewer skills."""
    keys = [f"{name}:{pk}" for name, source in sources().items() for pk in source.fallback(user, words, limit)]
    return authorise(user, keys)


def _pks(source: SearchSource, keys: Collection[str]) -> dict[str, Any]:
    """Keys of one source as primary keys."""
    pk_field = source.model._meta.pk
    found = {}
    for key in keys:
        with suppress(ValidationError):  # a key that this code did not write (a rolling upgrade)
            found[key] = pk_field.to_python(key.partition(":")[2])
    return found


def _report(dropped: Sequence[str]) -> None:
    """A dropped hit is expected while its change is waiting; otherwise index and database have drifted apart."""
    if not dropped:
        return
    waiting = {
        f"{source}:{pk}" for source, pk in PendingChange.objects.filter(
            object_pk__in=[key.partition(":")[2] for key in dropped]).values_list("source", "object_pk")
    }  # fmt: skip
    if drifted := [key for key in dropped if key not in waiting]:
        events.log(events.Event.HIT_DROPPED, count=len(drifted))
