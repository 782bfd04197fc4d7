"""ItemType: how a type of item describes itself to forms, pages, history, search and the admin.

A new type sets or overrides only what stands here (docs/conventions.md, "A new item type"). The columns that every
type shares are in kb.models.items.item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models
from django.http import HttpRequest
from django.utils.module_loading import import_string
from wagtail.models import Page

from kb.editor.listing import AdminListing

if TYPE_CHECKING:
    from kb.models.items.item import Item


class ItemType(Page):
    """Abstract base of Item. It has no column of its own."""

    #: First part of its public ids: "L" of L-R07-00123. Check kb.E002 holds it unique.
    PREFIX: ClassVar[str] = ""
    TYPE_LABEL: ClassVar[str] = ""
    #: Slug and title of the index page that holds the items of the type (kb.items.page_tree makes it).
    INDEX: ClassVar[tuple[str, str]] = ("", "")

    # Dotted paths, because models import neither forms nor views. Check kb.E004 loads each at boot.
    #: The form in which staff write it (kb.writing.forms.common.ItemForm). Empty for a type with screens of its own.
    FORM: ClassVar[str] = ""
    #: (request, item) -> the part of its template's context that only this type needs.
    PAGE_CONTEXT: ClassVar[str] = ""
    #: (item, user) -> whether `user` may edit and withdraw it. Required with HAS_OWN_REVIEW.
    EDIT_PERMISSION: ClassVar[str] = ""
    #: (request, item) -> the preview of its page in the admin.
    PREVIEW: ClassVar[str] = "kb.reading.views.item.preview_item"

    #: Its own columns that its form fills, in the order of the form.
    FORM_FIELDS: ClassVar[tuple[str, ...]] = ()
    #: Prefixes of the names of form fields that repeat, such as "answer-".
    FORM_ROWS: ClassVar[tuple[str, ...]] = ()
    #: Labels of form fields that are no columns, by field name.
    LABELS: ClassVar[Mapping[str, str]] = {"title": "件名"}
    #: Columns written in Markdown. Their HTML is stored in `rendered` when the item is saved.
    MARKDOWN_FIELDS: ClassVar[tuple[str, ...]] = ()
    #: Columns that the row decides and not a revision: an old revision must not bring back old access.
    ROW_FIELDS: ClassVar[tuple[str, ...]] = (
        "public_id",
        "audience",
        "attribution",
        "confidentiality",
        "state",
        "owner_unit_id",
        "unit_name_at_time",
        "fiscal_year",
        "registered_on",
        "submitted_at",
        "requested_audience",
        "withdrawn_reason",
    )
    #: Its own columns that `badges` reads. A list of items loads these and leaves out about fifty others.
    BADGE_COLUMNS: ClassVar[tuple[str, ...]] = ()
    #: Its own columns that `card_texts` reads; None means its Markdown columns.
    CARD_COLUMNS: ClassVar[tuple[str, ...] | None] = None
    #: Relations that its page always shows, as select_related names them.
    PAGE_RELATED: ClassVar[tuple[str, ...]] = ()
    #: Name of the search source that indexes it.
    SEARCH_SOURCE: ClassVar[str] = "item"
    #: Its list in the admin; None where it has none.
    ADMIN_LISTING: ClassVar[AdminListing | None] = None
    #: True where the knowledge office writes it in the admin, and staff do not write it in the site.
    MADE_IN_ADMIN: ClassVar[bool] = False
    #: True where another room decides who may publish and read it. Such an item is on no unit reviewer's list. While
    #: nobody can read it, links lead to `edit_url` instead of its permalink.
    HAS_OWN_REVIEW: ClassVar[bool] = False

    class Meta:
        abstract = True

    @classmethod
    def type_code(cls) -> str:
        """The name of the type in drafts, search documents and templates: the lower-case name of its model."""
        return str(cls._meta.model_name)

    @classmethod
    def can_create_at(cls, parent: Page) -> bool:
        """Wagtail's question for its "add" button. Only types with MADE_IN_ADMIN: the site records author and source (I2)."""
        return cls.MADE_IN_ADMIN and bool(cls.can_exist_under(parent))

    # --- Its form and its page ---------------------------------------------------------------

    @classmethod
    def form_class(cls) -> Any:
        """The class that FORM names, a subclass of ItemForm."""
        return import_string(cls.FORM)

    @classmethod
    def blank(cls, format: str) -> Self:
        """A new, unsaved item. `format` is the key of a format, for types that have formats."""
        return cls()

    def typed_value(self, name: str) -> Any:
        """The value of one column as its form field holds it: a date as ISO text."""
        value = getattr(self, name)
        if isinstance(self._meta.get_field(name), models.DateField):
            return value.isoformat() if value else ""
        return value

    @classmethod
    def field_label(cls, name: str, format: str = "") -> str:
        """The Japanese label of a form field, for the history."""
        return cls.LABELS.get(name) or str(cls._meta.get_field(name).verbose_name)

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """The part of its template's context that only this type needs."""
        return import_string(self.PAGE_CONTEXT)(request, self) if self.PAGE_CONTEXT else {}

    # --- Its publication ---------------------------------------------------------------------

    def record_origin(self, values: Mapping[str, Any], draft_data: Mapping[str, Any]) -> None:
        """Store where a new item was drawn from. `values` is the cleaned data of its form. Does nothing by default."""

    def consequences(self) -> list[tuple[Item, str]]:
        """Transitions that its publication causes in other items: each item and a verb of kb.lifecycle.transitions."""
        return []

    def successor(self) -> Item | None:
        """The published item that replaces this one, if any."""
        return None

    # --- Its texts, for rendering and for search ---------------------------------------------

    def markdown_texts(self) -> dict[str, str]:
        """Its Markdown texts by the key under which `rendered` holds their HTML."""
        return {name: getattr(self, name) or "" for name in self.MARKDOWN_FIELDS}

    def body_texts(self) -> list[str]:
        """The texts that search indexes, as they were typed, in reading order."""
        return [text for text in self.markdown_texts().values() if text]

    @classmethod
    def card_texts(cls, items: Iterable[Any]) -> dict[int, list[str]]:
        """The texts of many items of this type for a page of results, by pk. Asks at most one query."""
        return {item.pk: item.body_texts() for item in items}

    def filing_words(self) -> list[str]:
        """More words by which it is found, besides the labels of its type and its vocabularies."""
        return []

    def search_facts(self) -> dict[str, Any]:
        """Fields of its search document (search.documents.SearchDocument) that only this type has."""
        return {}

    def image_ids(self) -> set[int]:
        """Ids of the images that its body shows. The image view serves only these."""
        return set()
