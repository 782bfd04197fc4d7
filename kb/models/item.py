"""Item: the concrete base page of everything that was learned.

It holds what every type shares (permanent id, unit, audience, state, vocabularies, rendered HTML), and the class
attributes and methods by which a type describes itself to forms, pages, search, history and the admin
(docs/conventions.md, "A new item type"). It does not know its author (kb.models.authorship). Its one address is
/k/<public_id>/; the address in the page tree is not served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.module_loading import import_string
from modelcluster.fields import ParentalManyToManyField
from wagtail.models import Page

from kb.editor.forms import AdminItemForm
from kb.editor.listing import AdminListing
from kb.editor.permissions import ItemPagePermissions
from kb.markdown.rendering import render_many
from kb.models.identifiers import next_public_id
from kb.models.item_queries import ItemManager, item_types
from kb.models.states import Confidentiality, Retention, State
from organization import clock
from organization.accounts import service_account
from organization.audience import Attribution, Audience
from organization.fiscal import fiscal_year
from organization.policy import Viewer, can_view, reader_for
from organization.tree import unit_tree

PUBLIC_ID = r"^[A-Z]{1,2}-[SHR]\d{2}-\d{5,7}$"


__all__ = ["PUBLIC_ID", "Item", "ItemManager", "State", "item_types"]

#: Asked of every type by its form.
COMMON_FIELDS = ("title", "summary", "occurred_on", "attribution", "keywords")
VOCABULARIES = ("themes", "scenes", "stances", "municipalities")
#: Part of the form, and no content: who may read it and what it is filed under.
NOT_CONTENT = ("audience", "blameless_ok", *VOCABULARIES)


class Item(Page):
    """One piece of knowledge. Columns that are required only at submit are nullable (0001)."""

    PREFIX: ClassVar[str] = ""
    TYPE_LABEL: ClassVar[str] = ""
    #: Slug and title of the page under which the type's items lie (kb.items.page_tree makes it).
    INDEX: ClassVar[tuple[str, str]] = ("", "")

    # Dotted paths, so that models import no forms and no pages. Check kb.E004 loads each at boot.
    #: Form in which staff write it (kb.writing.forms.common.ItemForm); empty for a type with screens of its own.
    FORM: ClassVar[str] = ""
    #: (request, item) -> what its template shows besides the frame.
    PAGE_CONTEXT: ClassVar[str] = ""
    #: (item, user) -> whether `user` edits and withdraws it; needed where HAS_OWN_REVIEW.
    EDIT_PERMISSION: ClassVar[str] = ""
    #: (request, item) -> the reader's page of what is typed in the admin.
    PREVIEW: ClassVar[str] = "kb.reading.views.item.preview_item"

    #: Columns of its own that its form fills, in the order of the form.
    FORM_FIELDS: ClassVar[tuple[str, ...]] = ()
    #: Beginnings of the names of form fields that repeat, such as "answer-".
    FORM_ROWS: ClassVar[tuple[str, ...]] = ()
    #: Labels of content that is no column of its own, by the name of its form field.
    LABELS: ClassVar[Mapping[str, str]] = {"title": "件名"}
    #: Long fields written in Markdown; their HTML is kept in `rendered` (never made on a page view).
    MARKDOWN_FIELDS: ClassVar[tuple[str, ...]] = ()
    #: What the row, not a revision, decides: an old revision must not bring back old access.
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
    #: Columns of its own from which `badges` is made: a list reads these and no others of some fifty.
    BADGE_COLUMNS: ClassVar[tuple[str, ...]] = ()
    #: Columns of its own that `card_texts` reads; its Markdown fields where none are named.
    CARD_COLUMNS: ClassVar[tuple[str, ...] | None] = None
    #: Relations that its page always shows, as select_related names them.
    PAGE_RELATED: ClassVar[tuple[str, ...]] = ()
    #: Name of the search source that indexes it.
    SEARCH_SOURCE: ClassVar[str] = "item"
    #: Its flat list in the admin, where it has one.
    ADMIN_LISTING: ClassVar[AdminListing | None] = None
    #: Written by the knowledge office in the admin, not by staff in the site.
    MADE_IN_ADMIN: ClassVar[bool] = False
    #: Another room decides who may publish it and who may read it: it is on no unit reviewer's list, and what nobody
    #: could read yet is opened where it is made (`edit_url`), not at its permalink.
    HAS_OWN_REVIEW: ClassVar[bool] = False

    public_id = models.CharField(
        "管理番号",
        max_length=16,
        unique=True,
        null=True,
        blank=True,
        editable=False,
        validators=[RegexValidator(PUBLIC_ID)],
    )
    summary = models.TextField("要旨", max_length=200, blank=True)
    occurred_on = models.DateField("発生・実施日", null=True, blank=True)
    fiscal_year = models.PositiveSmallIntegerField("年度", null=True, editable=False, db_index=True)
    registered_on = models.DateField("登録日", null=True, editable=False)
    owner_unit = models.ForeignKey(
        "organization.OrgUnit", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="所管所属"
    )
    unit_name_at_time = models.CharField("当時の所属名", max_length=100, blank=True, editable=False)
    audience = models.CharField("公開範囲", max_length=12, choices=Audience.choices, default=Audience.UNIT)
    confidentiality = models.CharField(
        "機密性", max_length=2, choices=Confidentiality.choices, default=Confidentiality.TWO
    )
    attribution = models.CharField("記名区分", max_length=12, choices=Attribution.choices, default=Attribution.NAMED)
    state = models.CharField(
        "公開の状態", max_length=12, choices=State.choices, default=State.SUBMITTED, editable=False
    )
    themes = ParentalManyToManyField("kb.Theme", verbose_name="分野", blank=True, related_name="items")
    scenes = ParentalManyToManyField("kb.Scene", verbose_name="業務場面", blank=True, related_name="items")
    stances = ParentalManyToManyField("kb.Stance", verbose_name="基本姿勢", blank=True, related_name="items")
    municipalities = ParentalManyToManyField(
        "organization.OrgUnit",
        verbose_name="市町村",
        blank=True,
        related_name="+",
        limit_choices_to={"kind": "municipality"},
    )
    keywords = models.JSONField("キーワード", default=list, blank=True)
    review_due = models.DateField("見直し期限", null=True, blank=True)
    retention = models.CharField("保存期間", max_length=10, choices=Retention.choices, default=Retention.Y5)
    submitted_at = models.DateTimeField("確認に出した日時", null=True, editable=False)
    requested_audience = models.CharField("広げたい公開範囲", max_length=12, blank=True, editable=False)
    withdrawn_reason = models.CharField("取り下げの理由", max_length=200, blank=True, editable=False)
    rendered = models.JSONField("表示用HTML", default=dict, editable=False)

    objects = ItemManager()

    parent_page_types = ["kb.YearPage"]
    subpage_types: ClassVar[list[str]] = []
    is_creatable = False
    base_form_class = AdminItemForm
    promote_panels: ClassVar[list[Any]] = []  # slug and menu settings mean nothing at /k/
    settings_panels: ClassVar[list[Any]] = []
    private_page_options: ClassVar[list[str]] = []
    exclude_fields_in_copy = ["public_id"]
    show_in_menus_default = False

    class Meta:
        verbose_name = "項目"
        verbose_name_plural = "項目"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(audience="public", confidentiality="2"),
                name="item_class_2_is_never_public",
                violation_error_message="機密性2のものは公開にできません。公開範囲か機密性を直してください。",
            )
        ]
        indexes = [models.Index(fields=("state", "audience", "owner_unit"), name="item_policy")]

    def __str__(self) -> str:
        return f"{self.public_id or '（番号なし）'} {self.title}"

    @classmethod
    def type_code(cls) -> str:
        """The type in drafts, search documents and templates: the name of its model."""
        return str(cls._meta.model_name)

    # --- Address -----------------------------------------------------------------------------

    def get_absolute_url(self) -> str:
        return reverse("item", args=[self.public_id]) if self.public_id else ""

    def get_url_parts(self, request: Any = None) -> tuple[int, str, str] | None:
        """The permalink instead of a tree address, which is not served."""
        if not self.public_id:
            return None
        site_id, root_url, _ = super().get_url_parts(request) or (0, "", "")
        # Without wagtail.urls Wagtail knows no root, and its preview would fail on None.
        return (site_id, root_url or settings.WAGTAILADMIN_BASE_URL, self.get_absolute_url())

    def serve_preview(self, request: Any, mode_name: str) -> HttpResponseBase:
        """The reader's page with what is typed. Wagtail and ItemPagePermissions have decided that this user may ask."""
        preview: HttpResponseBase = import_string(self.PREVIEW)(request, self)
        return preview

    def edit_url(self) -> str:
        """Where it is edited in the site; empty where it is not."""
        return reverse("item_edit", args=[self.public_id]) if self.FORM else ""

    def audience_url(self) -> str:
        """Where who may read it is changed; empty where it cannot be."""
        return reverse("item_audience", args=[self.public_id]) if self.state == State.PUBLISHED else ""

    def withdraw_url(self) -> str:
        return reverse("item_withdraw", args=[self.public_id])

    def page_context(self, request: Any) -> dict[str, Any]:
        """What the template of its type shows besides the frame of an item."""
        return import_string(self.PAGE_CONTEXT)(request, self) if self.PAGE_CONTEXT else {}

    # --- Its form, and back ------------------------------------------------------------------

    @classmethod
    def form_class(cls) -> Any:
        """The class of its form: ItemForm's subclass, which lies above the models."""
        return import_string(cls.FORM)

    @classmethod
    def blank(cls, format: str) -> Item:
        """A new, unsaved item, written in `format` where the type has formats."""
        return cls()

    def fill(self, values: Mapping[str, Any]) -> None:
        """Take over the cleaned data of its form."""
        for name in (*COMMON_FIELDS, *self.FORM_FIELDS):
            if name == "attribution" and name not in values:
                continue  # an editor who is not the author is not asked
            value = values.get(name)
            if value is None and isinstance(self._meta.get_field(name), models.CharField | models.TextField):
                value = ""
            setattr(self, name, value)
        if "audience" in values and self.state != State.PUBLISHED:
            self.audience = values["audience"]
        for name in VOCABULARIES:
            getattr(self, name).set(values.get(name) or [])

    def as_typed(self) -> dict[str, Any]:
        """Its content under the names of its form's fields, as a draft keeps it."""
        common = {name: self.typed_value(name) for name in ("title", "summary", "audience", "attribution")}
        sets = {name: [row.code for row in getattr(self, name).all()] for name in VOCABULARIES}
        return {
            **common,
            "occurred_on": self.typed_value("occurred_on"),
            "keywords": "、".join(self.keywords),
            **sets,
            **{name: self.typed_value(name) for name in self.FORM_FIELDS},
        }

    def typed_value(self, name: str) -> Any:
        """One column as its form field holds it: a date as ISO text."""
        value = getattr(self, name)
        if isinstance(self._meta.get_field(name), models.DateField):
            return value.isoformat() if value else ""
        return value

    def record_origin(self, values: Mapping[str, Any], draft_data: Mapping[str, Any]) -> None:
        """Write down where a new item was drawn from; for types whose items have a source."""

    def consequences(self) -> list[tuple[Item, str]]:
        """Moves that its publication makes in other items: the item, and the verb in kb.lifecycle.transitions."""
        return []

    # --- Rendering and revisions -------------------------------------------------------------

    def markdown_texts(self) -> dict[str, str]:
        """Each Markdown text under a key of its own; types with rows add theirs."""
        return {name: getattr(self, name) or "" for name in self.MARKDOWN_FIELDS}

    def markdown_parts(self) -> list[dict[str, str]]:
        """The Markdown fields that hold something, for kb/parts.html: name, label and HTML."""
        return [
            {"name": name, "label": self.field_label(name), "html": self.rendered[name]}
            for name in self.MARKDOWN_FIELDS
            if self.rendered.get(name)
        ]

    def render(self) -> None:
        """Fill `rendered` where a text has changed since it was last rendered."""
        texts = {key: text for key, text in self.markdown_texts().items() if text}
        digest = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:16]
        if self.rendered.get("of") != digest:
            self.rendered = {"of": digest, **render_many(texts)}

    def save(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("update_fields") is None:
            self._settle()
            self.render()
        return super().save(*args, **kwargs)

    def _settle(self) -> None:
        """What follows from the rest, whoever saves: id, dates, unit name of the time, state of a live page."""
        today = clock.today()
        self.owner = service_account()  # in every mode, whoever made the page in the admin
        self.registered_on = self.registered_on or today
        if not self.public_id:  # made in the admin: staff's items come with their id (kb.lifecycle.publication.create)
            self.public_id = next_public_id(self.PREFIX)
            self.slug = self.public_id.lower()
        if self.occurred_on and self.fiscal_year is None:
            # I7: computed once; a later correction of the date does not move the item's year.
            self.fiscal_year = fiscal_year(self.occurred_on)
        if self.owner_unit_id and not self.unit_name_at_time:
            self.unit_name_at_time = unit_tree().name_then(self.owner_unit_id, self.occurred_on or today)
        if self.live and self.state in (State.SUBMITTED, State.RETURNED, State.WITHDRAWN):
            self.state = State.PUBLISHED
        elif not self.live and self.state in (State.PUBLISHED, State.SUPERSEDED):
            self.state = State.WITHDRAWN

    def with_content_json(self, content: dict[str, Any]) -> Item:
        """A revision as a page, with access and identity taken from the row (decision 0006)."""
        page = super().with_content_json(content)
        for name in self.ROW_FIELDS:
            setattr(page, name, getattr(self, name))
        return page

    def save_revision(self, user: Any = None, **kwargs: Any) -> Any:
        """As Wagtail's, but the revision never names a person: authorship is a row of its own."""
        return super().save_revision(user=service_account(), **kwargs)

    def history_texts(self) -> dict[str, Any]:
        """What its history compares, by the name of its form field. A type without a form adds its long texts."""
        texts = self.as_typed() if self.FORM else {**self.as_typed(), **self.markdown_texts()}
        return {name: value for name, value in texts.items() if name not in NOT_CONTENT}

    @classmethod
    def field_label(cls, name: str, format: str = "") -> str:
        """The Japanese name of a form field, as its history shows it."""
        return cls.LABELS.get(name) or str(cls._meta.get_field(name).verbose_name)

    # --- What the admin may do ---------------------------------------------------------------

    @classmethod
    def can_create_at(cls, parent: Page) -> bool:
        """Made in the site, where its author is recorded and it has a source (I2), unless MADE_IN_ADMIN."""
        return cls.MADE_IN_ADMIN and bool(cls.can_exist_under(parent))

    @property
    def may_change_in_office(self) -> bool:
        """Only what readers meet: what waits is its author's, and what is withdrawn stays so.

        What is made in the admin is changed there before its first publication too.
        """
        if self.MADE_IN_ADMIN:
            return self.state != State.WITHDRAWN
        return self.live and self.state in (State.PUBLISHED, State.SUPERSEDED)

    def opens_to(self, user: Viewer) -> bool:
        """Whether its audience lets `user` in; authors are asked for only where nothing else opens it."""
        reader = reader_for(user)
        if can_view(reader, audience=self.audience, owner_unit_id=self.owner_unit_id, author_ids=()):
            return True
        return reader.person_id is not None and self.authorships.filter(person_id=reader.person_id).exists()

    def permissions_for_user(self, user: Any) -> ItemPagePermissions:
        return ItemPagePermissions(user, self.specific if type(self) is Item else self)

    def clean(self) -> None:
        super().clean()
        if self.occurred_on and self.occurred_on > clock.today():
            raise ValidationError({"occurred_on": "先の日付です。今日か、それより前の日を入れてください。"})

    # --- What pages and search say of it -----------------------------------------------------

    @property
    def badges(self) -> list[tuple[str, str]]:
        """(code, label) pairs that stand beside the title, most important first."""
        found = []
        if self.state in (State.SUPERSEDED, State.WITHDRAWN, State.SUBMITTED, State.RETURNED):
            found.append((str(self.state), str(State(self.state).label)))
        if self.state == State.PUBLISHED and self.review_due and self.review_due < clock.today():
            found.append(("overdue", "見直し期限切れ"))
        return found

    def body_texts(self) -> list[str]:
        """The texts that search reads, in reading order, as they were typed."""
        return [text for text in self.markdown_texts().values() if text]

    @classmethod
    def card_texts(cls, items: Iterable[Any]) -> dict[int, list[str]]:
        """The texts of many items of this type for a results page, by pk, in one query at most."""
        return {item.pk: item.body_texts() for item in items}

    def filing_words(self) -> list[str]:
        """Words besides its type and vocabularies by which it is found."""
        return []

    def search_facts(self) -> dict[str, Any]:
        """Fields of its search document (search.documents.SearchDocument) that only its type has."""
        return {}

    def image_ids(self) -> set[int]:
        """Ids of the images that its body shows: the image view serves these and no others."""
        return set()

    def successor(self) -> Item | None:
        """The published item that replaces this one, if any."""
        return None
