"""AdminListing: how a type of item is listed in the admin (kb.admin.listings builds the list)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AdminListing:
    icon: str
    #: Its place in the menu among the types.
    order: int
    #: Columns of the type's own that the list can be filtered by.
    filters: tuple[str, ...] = ()
    #: Choices of a filter whose column has none of its own.
    choices: Mapping[str, Callable[[], list[tuple[str, str]]]] = field(default_factory=dict)
