"""The search sources of kb: items (pages) and references (rows). No other module of kb imports this module.

A document contains only text that readers are allowed to find. It contains the author's name only if the attribution
allows it. For every page of results, the cards and the visibility are read from the database again. So the index alone discloses
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import F, Model, Q, QuerySet, prefetch_related_objects

from kb.items.authorship import author_label
from kb.items.row_filter import filter_visible
from kb.models import Addendum, Authorship, Item, Reference, Scene, Stance, Theme
from kb.models import ReferenceSource as Source
from kb.models.items.item_queries import ItemQuerySet, item_types, of_types
from kb.synonym_cache import vocabulary
from organization.access_policy import Viewer
from organization.audience import audience_tokens
from organization.fiscal import fiscal_year_label
from organization.japanese_dates import era_date
from organization.models import OrgUnitVersion
from organization.units.owner_units import owned_by_lineage, unit_part
from organization.units.tree import UnitTree, unit_tree
from search.documents import Card, SearchDocument

#: The number of characters of a text from which a card chooses the one or two lines that it shows. The longest texts
#: have 300,000 characters.
CARD_CHARACTERS = 40_000
#: The columns that a card needs, besides the columns of its item type. A missing column would cost one query per row. A
#: test counts the queries.
_CARD_COLUMNS = (
    "content_type",
    "title",
    "public_id",
    "summary",
    "state",
    "review_due",
    "occurred_on",
    "owner_unit",
    "audience",
    "unit_name_at_time",
)
_REFERENCE_COLUMNS = ("public_id", "title", "html", "text", "occurred_on", "source__label", "audience", "owner_unit")


def indexed_types() -> dict[str, type[Item]]:
    """Returns the item types that ItemSource indexes, by code. Every other type has a search source in its own room."""
    return {model.type_code(): model for model in item_types() if model.SEARCH_SOURCE == "item"}


def _filing_words(item: Item) -> list[str]:
    """Returns the labels of the item's type, themes, scenes and stances, and the words that the item type adds."""
    labels = [entry.label for name in ("themes", "scenes", "stances") for entry in getattr(item, name).all()]
    return [item.TYPE_LABEL, *labels, *item.filing_words()]


class FacetLabels:
    """The labels of facet codes. Both search sources use this class."""

    def labels(self, facet: str, codes: Collection[str]) -> Mapping[str, str]:
        if facet == "type":
            types = {code: model.TYPE_LABEL for code, model in indexed_types().items()}
            return {**types, "reference": Reference.TYPE_LABEL}
        if facet == "theme":
            return vocabulary().themes
        if facet == "fiscal_year":
            return {code: fiscal_year_label(int(code)) for code in codes if code.isdecimal()}
        if facet == "unit":
            tree = unit_tree()
            return {row.uid: tree.name(pk) for pk, row in tree.units.items() if row.uid in codes}
        return {}


def _of_indexed_types(items: ItemQuerySet) -> ItemQuerySet:
    """Returns the items whose type is indexed by ItemSource."""
    return items.filter(of_types(indexed_types().values()))


def _type_columns(model: type[Item]) -> set[str]:
    texts = model.MARKDOWN_FIELDS if model.CARD_COLUMNS is None else model.CARD_COLUMNS
    return {"item_ptr", *texts, *model.BADGE_COLUMNS}


class ItemSource(FacetLabels):
    """The search source for all items whose type has no search source of its own."""

    name = "item"
    model: type[Model] = Item

    def eligible(self) -> QuerySet[Any]:
        return _of_indexed_types(Item.objects.published()).select_related("owner_unit", "content_type")

    def document(self, obj: Item) -> SearchDocument:
        item = obj.specific
        tree = unit_tree()
        prefetch_related_objects([item], "authorships__person")
        tokens = audience_tokens(
            audience=item.audience,
            owner_unit_id=item.owner_unit_id,
            author_uids=[str(row.person.uid) for row in item.authorships.all()],
            tree=tree,
        )
        return SearchDocument(
            key=f"item:{item.pk}",
            source="item",
            type=item.type_code(),
            public_id=item.public_id or "",
            url=item.get_absolute_url(),
            audience=tuple(sorted(tokens)),
            title=item.title,
            summary=item.summary,
            body="\n".join(item.body_texts()),
            keywords=(*item.keywords, *_filing_words(item)),
            author_label=author_label(item),
            fiscal_year=item.fiscal_year,
            occurred_on=item.occurred_on,
            published_at=item.first_published_at,
            theme=tuple(theme.code for theme in item.themes.all()),
            stance=tuple(stance.code for stance in item.stances.all()),
            scene=tuple(scene.code for scene in item.scenes.all()),
            municipality=tuple(unit.code for unit in item.municipalities.all()),
            reuse=item.reactions.count(),
            **item.search_facts(),
            **unit_part(item.owner_unit_id, tree),
        )

    def visible_to(self, user: Viewer, pks: Collection[Any]) -> set[Any]:
        return set(
            _of_indexed_types(Item.objects.visible_to(user)).filter(pk__in=pks).order_by().values_list("pk", flat=True)
        )

    def cards(self, user: Viewer, pks: Collection[Any]) -> Mapping[Any, Card]:
        """Returns the cards by pk. One query loads all types. Each type that has its texts in other rows needs one more
        query.
        """
        tree, types = unit_tree(), indexed_types()
        columns = [f"{code}__{name}" for code, model in types.items() for name in _type_columns(model)]
        rows = _of_indexed_types(Item.objects.published()).filter(pk__in=pks).order_by()
        rows = rows.select_related(*types).only(*_CARD_COLUMNS, *columns)
        items = [getattr(row, row.cached_content_type.model) for row in filter_visible(user, rows)]
        texts: dict[int, list[str]] = {}
        for model in {type(item) for item in items}:
            texts.update(model.card_texts([item for item in items if type(item) is model]))
        return {item.pk: self._card(item, texts[item.pk], tree) for item in items}

    def _card(self, item: Item, texts: list[str], tree: UnitTree) -> Card:
        unit_today = tree.name(tree.successor(item.owner_unit_id)) if item.owner_unit_id else ""
        return Card(
            type=item.type_code(),
            type_label=item.TYPE_LABEL,
            public_id=item.public_id or "",
            url=item.get_absolute_url(),
            title=item.title,
            summary=item.summary,
            text="\n".join(texts),
            unit_label=item.unit_name_at_time,
            unit_now_label=unit_today if unit_today != item.unit_name_at_time else "",
            date_label=era_date(item.occurred_on) if item.occurred_on else "",
            badges=tuple(item.badges),
        )

    def synonyms(self) -> Iterable[Collection[str]]:
        return vocabulary().terms

    def watches(self) -> Mapping[type[Model], Callable[[Any], Iterable[Any]]]:
        return {
            Authorship: lambda row: [row.item_id],
            Addendum: lambda row: [row.retrospective_id],
            OrgUnitVersion: lambda row: owned_by_lineage(Item, row),
            **{model: (lambda row: row.items.values_list("pk", flat=True)) for model in (Theme, Scene, Stance)},
        }

    def fallback(self, user: Viewer, words: Sequence[str], limit: int) -> Sequence[Any]:
        items = _of_indexed_types(Item.objects.visible_to(user))
        for word in words:
            items = items.filter(Q(title__icontains=word) | Q(summary__icontains=word))
        return list(items.newest().values_list("pk", flat=True)[:limit])


class ReferenceSource(FacetLabels):
    """The search source for references. A reference is also found by the name of its source, and by the name of the
    unit that its file gives.
    """

    name = "reference"
    model: type[Model] = Reference

    def eligible(self) -> QuerySet[Any]:
        return Reference.objects.published().select_related("owner_unit", "source")

    def document(self, obj: Reference) -> SearchDocument:
        tree = unit_tree()
        tokens = audience_tokens(audience=obj.audience, owner_unit_id=obj.owner_unit_id, author_uids=[], tree=tree)
        return SearchDocument(
            key=f"reference:{obj.pk}",
            source="reference",
            type="reference",
            public_id=obj.public_id,
            url=obj.get_absolute_url(),
            audience=tuple(sorted(tokens)),
            title=obj.title,
            body=obj.words(),
            keywords=(*obj.keywords, obj.source.label),
            lang=obj.language,
            fiscal_year=obj.fiscal_year,
            occurred_on=obj.occurred_on,
            # A reference with a date must not look new because it was imported yesterday.
            published_at=None if obj.occurred_on else obj.imported_at,
            **self._unit(obj, tree),
        )

    def _unit(self, row: Reference, tree: UnitTree) -> dict[str, Any]:
        part = unit_part(row.owner_unit_id, tree)
        named_unit = (row.unit_as_given,) if row.unit_as_given else ()
        return {**part, "unit_names": (*part.get("unit_names", ()), *named_unit)}

    def visible_to(self, user: Viewer, pks: Collection[Any]) -> set[Any]:
        return set(Reference.objects.visible_to(user).filter(pk__in=pks).order_by().values_list("pk", flat=True))

    def cards(self, user: Viewer, pks: Collection[Any]) -> Mapping[Any, Card]:
        rows = Reference.objects.published().filter(pk__in=pks).order_by()
        return {
            row.pk: Card(
                type="reference",
                type_label=Reference.TYPE_LABEL,
                public_id=row.public_id,
                url=row.get_absolute_url(),
                title=row.title,
                text=row.words(CARD_CHARACTERS),
                unit_label=row.source.label,
                date_label=era_date(row.occurred_on) if row.occurred_on else "",
            )
            for row in filter_visible(user, rows.select_related("source").only(*_REFERENCE_COLUMNS))
        }

    def synonyms(self) -> Iterable[Collection[str]]:
        return ()

    def watches(self) -> Mapping[type[Model], Callable[[Any], Iterable[Any]]]:
        return {
            OrgUnitVersion: lambda row: owned_by_lineage(Reference, row),
            Source: lambda row: row.references.values_list("pk", flat=True),
        }

    def fallback(self, user: Viewer, words: Sequence[str], limit: int) -> Sequence[Any]:
        references = Reference.objects.visible_to(user)
        for word in words:
            references = references.filter(title__icontains=word)
        return list(
            references.order_by(F("occurred_on").desc(nulls_last=True), "-pk").values_list("pk", flat=True)[:limit]
        )
