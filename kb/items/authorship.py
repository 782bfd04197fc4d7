"""Functions about the authors of items. Only this module and the SQL of the access policy read Authorship.

An author is shown only as far as the attribution of the item allows.
"""

from __future__ import annotations

from collections.abc import Iterable

from kb.models.items.authorship import Authorship
from kb.models.items.item import Item
from organization import clock
from organization.appointments import main_post
from organization.audience import Attribution
from organization.models import Person


def record_author(*, item: Item, person: Person) -> Authorship:
    """Stores `person` as an author of `item`, with the post that the person held on the day of the item. Can be
    repeated safely.
    """
    day = item.occurred_on or clock.today()
    post = main_post(person, day) or main_post(person, clock.today())
    authorship, _ = Authorship.objects.get_or_create(
        item=item, person=person, defaults={"post_title": post.title if post else "", "written_on": clock.today()}
    )
    return authorship


def is_author(*, item: Item, person: Person | None) -> bool:
    # This reads all rows and does not filter. There are only one or two rows, and if a page has prefetched them, no
    # query runs.
    return person is not None and any(row.person_id == person.pk for row in item.authorships.all())


def author_label(item: Item) -> str:
    """Returns the author line that the attribution allows: unit, post and name; or unit and post; or only the unit."""
    unit = item.unit_name_at_time
    if item.attribution == Attribution.UNIT_ONLY:
        return unit
    rows = list(item.authorships.all())
    if item.attribution == Attribution.POST_ONLY:
        return "、".join(f"{unit} {row.post_title}".strip() for row in rows) or unit
    return "、".join(f"{unit} {row.post_title} {row.person.name}".replace("  ", " ").strip() for row in rows) or unit


def author_uids(items: Iterable[Item]) -> dict[int, list[str]]:
    """Returns the uids of the authors by item pk. The audience tokens of the index need them. One query."""
    uids: dict[int, list[str]] = {}
    rows = Authorship.objects.filter(item__in=list(items)).values_list("item_id", "person__uid")
    for item_id, uid in rows:
        uids.setdefault(item_id, []).append(str(uid))
    return uids
