"""AdminListing: the options of an item type's list in the admin. kb.admin.listings builds the list from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AdminListing:
    """What Item.ADMIN_LISTING holds."""

    icon: str
    #: Position of the type in the menu.
    order: int
    #: Columns of this type, as additional filters of the list.
    filters: tuple[str, ...] = ()
    #: Choices of a filter whose column defines none.
    choices: Mapping[str, Callable[[], list[tuple[str, str]]]] = field(default_factory=dict)
