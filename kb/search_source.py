"""What kb says to search: items (pages) and references (rows). Nothing in kb imports this module.

A document carries what readers may find; who wrote it goes in only as far as the attribution says.
Cards and visibility are asked of the database again at answer time (mission, principle 4).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import F, Model, Q, QuerySet, prefetch_related_objects

from kb.formats.loading import get_format
from kb.items.authorship import author_label
from kb.items.visibility import readable
from kb.models import (
    Addendum,
    Answer,
    Article,
    Authorship,
    Challenge,
    Item,
    Lesson,
    Reference,
    Retrospective,
    Scene,
    Stance,
    Theme,
)  # fmt: skip
from kb.models import (
    ReferenceSource as Source,
)
from kb.models.item import State
from kb.synonym_cache import office_words
from organization.audience import audience_tokens
from organization.fiscal import era_date, fiscal_year_label
from organization.models import OrgUnitVersion
from organization.owner_units import owned, unit_part
from organization.tree import UnitTree, unit_tree
from search.documents import Card, SearchDocument

#: A results page shows a line or two of a text; the longest are 300,000 characters.
CARD_CHARACTERS = 40_000
TYPES: dict[str, type[Item]] = {
    "lesson": Lesson,
    "retrospective": Retrospective,
    "challenge": Challenge,
    "article": Article,
}
#: What a card is made of, of some 150 columns of an item and its types. A column that is missing here is asked for
#: row by row: the page stays right and gets slow (a test counts the queries).
_CARD_COLUMNS = (
    "content_type", "title", "public_id", "summary", "state", "review_due", "occurred_on", "owner_unit", "audience",
    "unit_name_at_time", "retrospective__item_ptr", "challenge__premortem", "article__body",
    *(f"{code}__{name}" for code, model in TYPES.items() for name in model.BADGE_COLUMNS),
    *(f"{code}__{name}" for code in ("lesson", "challenge") for name in TYPES[code].MARKDOWN_FIELDS),
)  # fmt: skip
_REFERENCE_COLUMNS = ("public_id", "title", "html", "text", "occurred_on", "source__label", "audience", "owner_unit")
TYPE_LABELS = {**{code: model.TYPE_LABEL for code, model in TYPES.items()}, "reference": Reference.TYPE_LABEL}


def type_code(item: Item) -> str:
    return item.cached_content_type.model if item.pk else type(item)._meta.model_name or ""


def _words(item: Item) -> list[str]:
    """What the item is filed under: its type, themes, scenes and stances, and the format it was written in."""
    found = [
        TYPE_LABELS[type_code(item)],
        *(word.label for name in ("themes", "scenes", "stances") for word in getattr(item, name).all()),
    ]
    chosen = get_format(item.format) if isinstance(item, Retrospective) else None
    return [*found, chosen.label] if chosen else found


class Labels:
    """Names of facet codes that both sources share."""

    def labels(self, facet: str, codes: Collection[str]) -> Mapping[str, str]:
        if facet == "type":
            return TYPE_LABELS
        if facet == "theme":
            return office_words().themes
        if facet == "fiscal_year":
            return {code: fiscal_year_label(int(code)) for code in codes if code.isdecimal()}
        if facet == "unit":
            tree = unit_tree()
            return {row.uid: tree.name(pk) for pk, row in tree.units.items() if row.uid in codes}
        return {}


def _ours(items: Any) -> Any:
    """Without the types of the rooms above, which have sources of their own."""
    return items.filter(content_type__app_label="kb")


class ItemSource(Labels):
    name = "item"
    model: type[Model] = Item

    def eligible(self) -> QuerySet[Any]:
        return _ours(Item.objects.published()).select_related("owner_unit", "content_type")

    def document(self, obj: Any) -> SearchDocument:
        item: Item = obj.specific
        tree = unit_tree()
        prefetch_related_objects([item], "authorships__person")
        successor = item.successor() if isinstance(item, Lesson) and item.state == State.SUPERSEDED else None
        return SearchDocument(
            key=f"item:{item.pk}",
            source="item",
            type=type_code(item),
            public_id=item.public_id or "",
            url=item.get_absolute_url(),
            audience=tuple(sorted(audience_tokens(
                audience=item.audience, owner_unit_id=item.owner_unit_id,
                author_uids=[str(row.person.uid) for row in item.authorships.all()], tree=tree,
            ))),
            title=item.title,
            summary=item.summary,
            body="\n".join(item.body_texts()),
            keywords=(*item.keywords, *_words(item)),
            author_label=author_label(item),
            fiscal_year=item.fiscal_year,
            occurred_on=item.occurred_on,
            published_at=item.first_published_at,
            theme=tuple(t.code for t in item.themes.all()),
            stance=tuple(s.code for s in item.stances.all()),
            scene=tuple(s.code for s in item.scenes.all()),
            municipality=tuple(m.code for m in item.municipalities.all()),
            maturity=item.maturity if isinstance(item, Lesson) else "",
            reuse=item.reactions.count(),
            superseded_by=successor.public_id or "" if successor else "",
            **unit_part(item.owner_unit_id, tree),
        )  # fmt: skip

    def visible_to(self, user: Any, pks: Collection[Any]) -> set[Any]:
        return set(_ours(Item.objects.visible_to(user)).filter(pk__in=pks).order_by().values_list("pk", flat=True))

    def cards(self, user: Any, pks: Collection[Any]) -> Mapping[Any, Card]:
        """Two queries, whatever types are on the page: the rows of all of them at once, and the answers."""
        tree = unit_tree()
        rows = _ours(Item.objects.published()).filter(pk__in=pks).order_by().select_related(*TYPES).only(*_CARD_COLUMNS)
        specific = {row.pk: getattr(row, row.cached_content_type.model) for row in readable(user, rows)}
        answers: dict[Any, list[str]] = {one.pk: [] for one in specific.values() if isinstance(one, Retrospective)}
        said = Answer.objects.filter(retrospective__in=answers).order_by("sort_order", "pk")
        for pk, text in said.values_list("retrospective_id", "text") if answers else ():
            answers[pk].append(text)
        return {pk: self._card(item, answers.get(pk), tree) for pk, item in specific.items()}

    def _card(self, item: Item, answers: list[str] | None, tree: UnitTree) -> Card:
        code = type_code(item)
        now = tree.name(tree.successor(item.owner_unit_id)) if item.owner_unit_id else ""
        texts = item.body_texts() if answers is None else answers
        return Card(
            type=code, type_label=TYPE_LABELS[code], public_id=item.public_id or "", url=item.get_absolute_url(),
            title=item.title, summary=item.summary, text="\n".join(texts), unit_label=item.unit_name_at_time,
            unit_now_label=now if now != item.unit_name_at_time else "",
            date_label=era_date(item.occurred_on) if item.occurred_on else "", badges=tuple(item.badges),
        )  # fmt: skip

    def synonyms(self) -> Iterable[Collection[str]]:
        return office_words().terms

    def watches(self) -> Mapping[type[Model], Callable[[Any], Iterable[Any]]]:
        return {
            Authorship: lambda row: [row.item_id],
            Addendum: lambda row: [row.retrospective_id],
            OrgUnitVersion: lambda row: owned(Item, row),
            **{model: (lambda row: row.items.values_list("pk", flat=True)) for model in (Theme, Scene, Stance)},
        }

    def fallback(self, user: Any, words: Sequence[str], limit: int) -> Sequence[Any]:
        found = _ours(Item.objects.visible_to(user))
        for word in words:
            found = found.filter(Q(title__icontains=word) | Q(summary__icontains=word))
        return list(found.newest().values_list("pk", flat=True)[:limit])


class ReferenceSource(Labels):
    """Found also by the name of its source and of the unit that the source named."""

    name = "reference"
    model: type[Model] = Reference

    def eligible(self) -> QuerySet[Any]:
        return Reference.objects.standing().select_related("owner_unit", "source")

    def document(self, obj: Any) -> SearchDocument:
        tree = unit_tree()
        tokens = audience_tokens(audience=obj.audience, owner_unit_id=obj.owner_unit_id, author_uids=[], tree=tree)
        return SearchDocument(
            key=f"reference:{obj.pk}", source="reference", type="reference", public_id=obj.public_id,
            url=obj.get_absolute_url(), audience=tuple(sorted(tokens)), title=obj.title, body=obj.words(),
            keywords=(*obj.keywords, obj.source.label), lang=obj.language, fiscal_year=obj.fiscal_year, occurred_on=obj.occurred_on,
            # By its own day: what was taken in yesterday is not news of yesterday.
            published_at=None if obj.occurred_on else obj.imported_at, **self._unit(obj, tree),
        )  # fmt: skip

    def _unit(self, row: Reference, tree: UnitTree) -> dict[str, Any]:
        part = unit_part(row.owner_unit_id, tree)
        given = (row.unit_as_given,) if row.unit_as_given else ()
        return {**part, "unit_names": (*part.get("unit_names", ()), *given)}

    def visible_to(self, user: Any, pks: Collection[Any]) -> set[Any]:
        return set(Reference.objects.visible_to(user).filter(pk__in=pks).order_by().values_list("pk", flat=True))

    def cards(self, user: Any, pks: Collection[Any]) -> Mapping[Any, Card]:
        rows = Reference.objects.standing().filter(pk__in=pks).order_by()
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
            for row in readable(user, rows.select_related("source").only(*_REFERENCE_COLUMNS))
        }

    def synonyms(self) -> Iterable[Collection[str]]:
        return ()

    def watches(self) -> Mapping[type[Model], Callable[[Any], Iterable[Any]]]:
        return {
            OrgUnitVersion: lambda row: owned(Reference, row),
            Source: lambda row: row.references.values_list("pk", flat=True),
        }

    def fallback(self, user: Any, words: Sequence[str], limit: int) -> Sequence[Any]:
        found = Reference.objects.visible_to(user)
        for word in words:
            found = found.filter(title__icontains=word)
        return list(found.order_by(F("occurred_on").desc(nulls_last=True), "-pk").values_list("pk", flat=True)[:limit])
