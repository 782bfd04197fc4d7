"""Items as cards: what a list shows of each item."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from kb.models import Item, Reaction
from kb.models.items.item_queries import item_types
from organization.japanese_dates import era_date

#: The columns that a card and its badges read. If a column were missing here, Django would load it with one query per
#: row.
_COLUMNS = (
    "title",
    "public_id",
    "summary",
    "unit_name_at_time",
    "occurred_on",
    "state",
    "review_due",
    "live",
    "content_type",
)


def cards(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Returns the context of components/card.html for each item, in the given order. Runs at most one query per item
    type.

    Of the given items it reads only pk and type, so the caller may load them with `only("content_type")`.
    """
    rows = list(items)
    cards_by_pk: dict[int, dict[str, Any]] = {}
    reactions = (
        Reaction.objects.filter(item=OuterRef("pk")).order_by().values("item").annotate(n=Count("pk")).values("n")
    )
    for model in item_types():
        pks = [row.pk for row in rows if row.cached_content_type.model == model._meta.model_name]
        if pks:
            # The number of reactions is loaded in the same query as the items, because the home page may use only a few
            # more queries.
            items_of_type = model.objects.filter(pk__in=pks).order_by().only(*_COLUMNS, *model.BADGE_COLUMNS)
            counted = items_of_type.annotate(useful=Coalesce(Subquery(reactions), 0))
            cards_by_pk.update({item.pk: card(item, item.useful) for item in counted})
    return [cards_by_pk.get(row.pk) or card(row) for row in rows]


def card(item: Item, useful: int = 0) -> dict[str, Any]:
    """Returns the context of components/card.html. `useful` is the number of 「役に立った」."""
    return {
        "url": item.get_absolute_url(),
        "title": item.title,
        "type": item.type_code(),
        "type_label": item.TYPE_LABEL,
        "summary": item.summary,
        "unit": item.unit_name_at_time,
        "date": era_date(item.occurred_on) if item.occurred_on else "",
        "badges": [code for code, _ in item.badges],
        "helpful": useful,
    }
