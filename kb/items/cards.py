"""Items as cards: what every list shows of an item, in at most one query a type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from kb.models import Item, Reaction
from kb.models.item_queries import item_types
from organization.fiscal import era_date

#: What a card shows, and what its badges are made from. A column that is missing here is asked for row by row.
_COLUMNS = (
    "title", "public_id", "summary", "unit_name_at_time", "occurred_on", "state", "review_due", "live", "content_type",
)  # fmt: skip


def cards(items: Iterable[Item]) -> list[dict[str, Any]]:
    """The context of components/card.html for each item, in the order given; at most one query a type.

    Of the items given only key and type are looked at, so they may be asked for with `only("content_type")`.
    """
    rows = list(items)
    found: dict[int, dict[str, Any]] = {}
    pressed = Reaction.objects.filter(item=OuterRef("pk")).order_by().values("item").annotate(n=Count("pk")).values("n")
    for model in item_types():
        wanted = [r.pk for r in rows if r.cached_content_type.model == model._meta.model_name]
        if wanted:
            # The count comes with the items: a home page has no query to spare.
            typed = model.objects.filter(pk__in=wanted).order_by().only(*_COLUMNS, *model.BADGE_COLUMNS)
            counted = typed.annotate(useful=Coalesce(Subquery(pressed), 0))
            found.update({item.pk: card(item, item.useful) for item in counted})
    return [found.get(r.pk) or card(r) for r in rows]


def card(item: Item, useful: int = 0) -> dict[str, Any]:
    return {
        "url": item.get_absolute_url(), "title": item.title, "type": item._meta.model_name, "type_label": item.TYPE_LABEL,
        "summary": item.summary, "unit": item.unit_name_at_time,
        "date": era_date(item.occurred_on) if item.occurred_on else "", "badges": [code for code, _ in item.badges],
        "helpful": useful,
    }  # fmt: skip
