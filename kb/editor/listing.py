"""AdminListing: the options for the admin's list of an item type. kb.admin.listings builds the list from
these options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AdminListing:
    """The value of Item.ADMIN_LISTING: the options for the admin's list of one item type."""

    icon: str
    #: The position of the type in the menu.
    order: int
    #: The columns of this type that become additional filters of the list.
    filters: tuple[str, ...] = ()
    #: The choices of a filter, for a column that defines no choices.
    choices: Mapping[str, Callable[[], list[tuple[str, str]]]] = field(default_factory=dict)
