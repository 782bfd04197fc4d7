"""Who wrote what, as far as it may be said. The only reader of Authorship beside the policy's SQL.

It refuses to name anyone whom the attribution does not name.
"""

from __future__ import annotations

from collections.abc import Iterable

from kb.models.authorship import Authorship
from kb.models.item import Item
from organization import clock
from organization.audience import Attribution
from organization.models import Person
from organization.posts import main_post


def record_author(*, item: Item, person: Person) -> Authorship:
    """Write down that `person` wrote `item`, with the post held that day. Safe to repeat."""
    day = item.occurred_on or clock.today()
    post = main_post(person, day) or main_post(person, clock.today())
    authorship, _ = Authorship.objects.get_or_create(
        item=item, person=person, defaults={"post_title": post.title if post else "", "written_on": clock.today()}
    )
    return authorship


def is_author(*, item: Item, person: Person | None) -> bool:
    # Read whole (a row or two), so that a page which has prefetched them asks nothing.
    return person is not None and any(row.person_id == person.pk for row in item.authorships.all())


def author_label(item: Item) -> str:
    """The author line as `attribution` allows: name and post, post alone, or the unit alone."""
    unit = item.unit_name_at_time
    if item.attribution == Attribution.UNIT_ONLY:
        return unit
    rows = list(item.authorships.all())
    if item.attribution == Attribution.POST_ONLY:
        return "、".join(f"{unit} {row.post_title}".strip() for row in rows) or unit
    return "、".join(f"{unit} {row.post_title} {row.person.name}".replace("  ", " ").strip() for row in rows) or unit


def author_uids(items: Iterable[Item]) -> dict[int, list[str]]:
    """Person uids by item pk, for the audience tokens of the index; one query."""
    found: dict[int, list[str]] = {}
    rows = Authorship.objects.filter(item__in=list(items)).values_list("item_id", "person__uid")
    for item_id, uid in rows:
        found.setdefault(item_id, []).append(str(uid))
    return found
