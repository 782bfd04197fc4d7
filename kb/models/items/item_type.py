"""ItemType: how an item type describes itself to forms, pages, history, search and the admin.

A new type sets or overrides only names from this module (docs/conventions.md, "A new item type"). The columns that all
types share are in kb.models.items.item.
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
    """The abstract base class of Item. It has no columns of its own."""

    #: The first part of the public ids of this type: "L" in L-R07-00123. Check kb.E002 makes sure that it is unique.
    PREFIX: ClassVar[str] = ""
    TYPE_LABEL: ClassVar[str] = ""
    #: Slug and title of the index page for the items of this type. kb.items.page_tree creates the index page.
    INDEX: ClassVar[tuple[str, str]] = ("", "")

    # Dotted paths, because models do not import forms or views. Check kb.E004 loads each path at boot.
    #: The form in which staff write the item (a kb.writing.forms.common.ItemForm). Empty for a type with screens of its
    #: own.
    FORM: ClassVar[str] = ""
    #: (request, item) -> the part of the template context that only this type needs.
    PAGE_CONTEXT: ClassVar[str] = ""
    #: (item, user) -> whether `user` may edit and withdraw the item. Required with HAS_OWN_REVIEW.
    EDIT_PERMISSION: ClassVar[str] = ""
    #: (request, item) -> the preview of the item's page in the admin.
    PREVIEW: ClassVar[str] = "kb.reading.views.item.preview_item"

    #: The columns of this type that its form fills, in the order of the form.
    FORM_FIELDS: ClassVar[tuple[str, ...]] = ()
    #: Name prefixes of the form fields that repeat, such as "answer-".
    FORM_ROWS: ClassVar[tuple[str, ...]] = ()
    #: Labels of the form fields that are not columns, by field name.
    LABELS: ClassVar[Mapping[str, str]] = {"title": "件名"}
    #: The columns that contain Markdown. Their HTML is stored in `rendered` when the item is saved.
    MARKDOWN_FIELDS: ClassVar[tuple[str, ...]] = ()
    #: These columns are always taken from the database row and never from a revision: an old revision must not restore
    #: old access rights.
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
    #: The columns of this type that `badges` reads. A list of items loads these columns and skips about fifty others.
    BADGE_COLUMNS: ClassVar[tuple[str, ...]] = ()
    #: The columns of this type that `card_texts` reads. None means the Markdown columns.
    CARD_COLUMNS: ClassVar[tuple[str, ...] | None] = None
    #: The relations that the item's page always shows, as names for select_related.
    PAGE_RELATED: ClassVar[tuple[str, ...]] = ()
    #: The name of the search source that indexes this type.
    SEARCH_SOURCE: ClassVar[str] = "item"
    #: The options for the list of this type in the admin. None if there is no such list.
    ADMIN_LISTING: ClassVar[AdminListing | None] = None
    #: True if the knowledge office writes items of this type in the admin, and staff do not write them in the site.
    MADE_IN_ADMIN: ClassVar[bool] = False
    #: True if another room decides who may publish and read items of this type. Such an item is never on a unit
    #: reviewer's list. While nobody can read the item, links lead to `edit_url` instead of the permalink.
    HAS_OWN_REVIEW: ClassVar[bool] = False

    class Meta:
        abstract = True

    @classmethod
    def type_code(cls) -> str:
        """The name of the type in drafts, search documents and templates: the model name in lower case."""
        return str(cls._meta.model_name)

    @classmethod
    def can_create_at(cls, parent: Page) -> bool:
        """Whether Wagtail offers its "add" button. True only for MADE_IN_ADMIN types. All other types are written in
        the site, which records author and source (I2).
        """
        return cls.MADE_IN_ADMIN and bool(cls.can_exist_under(parent))

    # --- Form and page -----------------------------------------------------------------------

    @classmethod
    def form_class(cls) -> Any:
        """Returns the class that FORM names, a subclass of ItemForm."""
        return import_string(cls.FORM)

    @classmethod
    def blank(cls, format: str) -> Self:
        """Returns a new, unsaved item. `format` is the key of a format, for a type that has formats."""
        return cls()

    def typed_value(self, name: str) -> Any:
        """Returns the value of one column as the form field needs it, for example a date as ISO text."""
        value = getattr(self, name)
        if isinstance(self._meta.get_field(name), models.DateField):
            return value.isoformat() if value else ""
        return value

    @classmethod
    def field_label(cls, name: str, format: str = "") -> str:
        """Returns the Japanese label of a form field, for the history."""
        return cls.LABELS.get(name) or str(cls._meta.get_field(name).verbose_name)

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """Returns the part of the template context that only this type needs."""
        return import_string(self.PAGE_CONTEXT)(request, self) if self.PAGE_CONTEXT else {}

    # --- Publication -------------------------------------------------------------------------

    def record_origin(self, values: Mapping[str, Any], draft_data: Mapping[str, Any]) -> None:
        """Stores from what a new item was drawn. `values` is the cleaned data of the form. Does nothing by default."""

    def consequences(self) -> list[tuple[Item, str]]:
        """Returns the transitions that the publication of this item causes in other items. Each pair is an item and a
        verb of kb.lifecycle.transitions.
        """
        return []

    def successor(self) -> Item | None:
        """The published item that replaces this item, or None."""
        return None

    # --- Texts, for rendering and for search -------------------------------------------------

    def markdown_texts(self) -> dict[str, str]:
        """Returns the Markdown texts by the key under which `rendered` stores the HTML of each text."""
        return {name: getattr(self, name) or "" for name in self.MARKDOWN_FIELDS}

    def body_texts(self) -> list[str]:
        """Returns the texts that search indexes, as they were typed and in reading order."""
        return [text for text in self.markdown_texts().values() if text]

    @classmethod
    def card_texts(cls, items: Iterable[Any]) -> dict[int, list[str]]:
        """Returns the texts of many items of this type for a page of search results, by pk. Runs at most one query."""
        return {item.pk: item.body_texts() for item in items}

    def filing_words(self) -> list[str]:
        """Returns additional words by which the item is found. The labels of its type and its vocabularies need not be
        among them.
        """
        return []

    def search_facts(self) -> dict[str, Any]:
        """Returns the fields of the search document (search.documents.SearchDocument) that only this type fills."""
        return {}

    def image_ids(self) -> set[int]:
        """Returns the ids of the images in the body of the item. The image view serves only these images."""
        return set()
