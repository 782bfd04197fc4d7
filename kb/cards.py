"""Items as cards: what every list shows of an item, in one query more than the items themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count

from kb.models import Article, Challenge, Item, Lesson, Retrospective
from organization.fiscal import era_date

MODELS: tuple[type[Item], ...] = (Lesson, Retrospective, Challenge, Article)


def cards(items: Iterable[Item]) -> list[dict[str, Any]]:
    """The context of components/card.html for each item, in the order given; at most one query a type."""
    rows = list(items)
    by_type: dict[int, Item] = {}
    counts = dict(
        Item.objects.filter(pk__in=[r.pk for r in rows]).annotate(n=Count("reactions")).values_list("pk", "n")
    )
    for model in MODELS:
        wanted = [r.pk for r in rows if r.cached_content_type.model == model._meta.model_name]
        if wanted:
            by_type.update({item.pk: item for item in model.objects.filter(pk__in=wanted)})
    return [card(by_type.get(r.pk, r), counts.get(r.pk, 0)) for r in rows]


def card(item: Item, useful: int = 0) -> dict[str, Any]:
    return {
        "url": item.get_absolute_url(), "title": item.title, "type": item._meta.model_name, "type_label": item.TYPE_LABEL,
        "summary": item.summary, "unit": item.unit_name_at_time,
        "date": era_date(item.occurred_on) if item.occurred_on else "", "badges": [code for code, _ in item.badges],
        "helpful": useful,
    }  # fmt: skip
