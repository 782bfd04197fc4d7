"""Item: the concrete base page of all item types.

It has what all types share: permanent id, unit, audience, state, vocabularies and rendered HTML. It does not store its
author (see kb.models.items.authorship). Its only address is /k/<public_id>/. Its address in the page tree is not
served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.module_loading import import_string
from modelcluster.fields import ParentalManyToManyField

from kb.editor.forms import AdminItemForm
from kb.editor.permissions import ItemPagePermissions
from kb.markdown.rendering import render_many
from kb.models.items.identifiers import next_public_id
from kb.models.items.item_queries import ItemManager
from kb.models.items.item_type import ItemType
from kb.models.items.states import Confidentiality, Retention, State
from organization import clock
from organization.access_policy import Viewer, can_view, reader_for
from organization.accounts import service_account
from organization.audience import Attribution, Audience
from organization.errors import field_error
from organization.fiscal import fiscal_year
from organization.units.tree import unit_tree

PUBLIC_ID = r"^[A-Z]{1,2}-[SHR]\d{2}-\d{5,7}$"

#: The columns that the form of every type fills.
COMMON_FIELDS = ("title", "summary", "occurred_on", "attribution", "keywords")
VOCABULARIES = ("themes", "scenes", "stances", "municipalities")
#: Form fields that are not content: they decide who may read the item and how it is filed.
NOT_CONTENT = ("audience", "blameless_ok", *VOCABULARIES)


class Item(ItemType):
    """One piece of knowledge. A column that is required only when the item is submitted is nullable (0001)."""

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
    promote_panels: ClassVar[list[Any]] = []  # The slug and the menu settings have no effect at /k/.
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

    # --- Address -----------------------------------------------------------------------------

    def get_absolute_url(self) -> str:
        return reverse("item", args=[self.public_id]) if self.public_id else ""

    def get_url_parts(self, request: HttpRequest | None = None) -> tuple[int, str, str] | None:
        """Returns the permalink as Wagtail's address of the page, because the address in the page tree
        is not served.
        """
        if not self.public_id:
            return None
        site_id, root_url, _ = super().get_url_parts(request) or (0, "", "")
        # wagtail.urls is not included, so Wagtail has no root URL. With None its preview would fail.
        return (site_id, root_url or settings.WAGTAILADMIN_BASE_URL, self.get_absolute_url())

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponseBase:
        """Shows the page as readers would see it. Wagtail has already checked the permission of the user."""
        response: HttpResponseBase = import_string(self.PREVIEW)(request, self)
        return response

    def edit_url(self) -> str:
        """The address of the page on which the item is edited in the site. Empty if there is no such page."""
        return reverse("item_edit", args=[self.public_id]) if self.FORM else ""

    def audience_url(self) -> str:
        """The address of the page that changes the item's audience. Empty if the audience cannot be changed."""
        return reverse("item_audience", args=[self.public_id]) if self.state == State.PUBLISHED else ""

    def withdraw_url(self) -> str:
        return reverse("item_withdraw", args=[self.public_id])

    # --- The form: filling the item from it, and filling it from the item --------------------

    def fill(self, values: Mapping[str, Any]) -> None:
        """Sets the columns and vocabularies of the item from the cleaned data of its form. Does not save the item."""
        for name in (*COMMON_FIELDS, *self.FORM_FIELDS):
            if name == "attribution" and name not in values:
                continue  # Only the author sees this field.
            value = values.get(name)
            if value is None and isinstance(self._meta.get_field(name), models.CharField | models.TextField):
                value = ""
            setattr(self, name, value)
        if "audience" in values and self.state != State.PUBLISHED:
            self.audience = values["audience"]
        for name in VOCABULARIES:
            getattr(self, name).set(values.get(name) or [])

    def as_typed(self) -> dict[str, Any]:
        """Returns the content of the item by the names of its form fields, as a draft stores it. The
        reverse of `fill`.
        """
        common = {name: self.typed_value(name) for name in ("title", "summary", "audience", "attribution")}
        vocabularies = {name: [row.code for row in getattr(self, name).all()] for name in VOCABULARIES}
        return {
            **common,
            "occurred_on": self.typed_value("occurred_on"),
            "keywords": "、".join(self.keywords),
            **vocabularies,
            **{name: self.typed_value(name) for name in self.FORM_FIELDS},
        }

    # --- Rendering and revisions -------------------------------------------------------------

    def markdown_parts(self) -> list[dict[str, str]]:
        """Returns name, label and HTML of each Markdown column that contains text, for kb/parts.html."""
        return [
            {"name": name, "label": self.field_label(name), "html": self.rendered[name]}
            for name in self.MARKDOWN_FIELDS
            if self.rendered.get(name)
        ]

    def render(self) -> None:
        """Renders the Markdown texts into `rendered`. Does nothing if no text has changed since the last rendering."""
        texts = {key: text for key, text in self.markdown_texts().items() if text}
        digest = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:16]
        if self.rendered.get("of") != digest:
            self.rendered = {"of": digest, **render_many(texts)}

    def save(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("update_fields") is None:
            self._set_derived_fields()
            self.render()
        return super().save(*args, **kwargs)

    def _set_derived_fields(self) -> None:
        """Sets the fields that follow from other fields: id, dates, the name of the unit at the time, the state of a
        live page.
        """
        today = clock.today()
        self.owner = service_account()  # The owner is never a person, even if the page was created in the admin.
        self.registered_on = self.registered_on or today
        # This page was created in the admin. Every other item gets its id from kb.lifecycle.publication.create.
        if not self.public_id:
            self.public_id = next_public_id(self.PREFIX)
            self.slug = self.public_id.lower()
        if self.occurred_on and self.fiscal_year is None:
            # I7: the year is computed once. A later correction of the date does not change the item's year.
            self.fiscal_year = fiscal_year(self.occurred_on)
        if self.owner_unit_id and not self.unit_name_at_time:
            self.unit_name_at_time = unit_tree().name_on(self.owner_unit_id, self.occurred_on or today)
        if self.live and self.state in (State.SUBMITTED, State.RETURNED, State.WITHDRAWN):
            self.state = State.PUBLISHED
        elif not self.live and self.state in (State.PUBLISHED, State.SUPERSEDED):
            self.state = State.WITHDRAWN

    def with_content_json(self, content: dict[str, Any]) -> Item:
        """Returns the item with the content of a revision. Access and identity are taken from the
        database row (0006).
        """
        page = super().with_content_json(content)
        for name in self.ROW_FIELDS:
            setattr(page, name, getattr(self, name))
        return page

    def save_revision(self, user: Viewer | None = None, **kwargs: Any) -> Any:
        """Saves a revision as Wagtail does, but with the service account as user, because a revision must not name a
        person.
        """
        return super().save_revision(user=service_account(), **kwargs)

    def history_texts(self) -> dict[str, Any]:
        """Returns the texts that the history compares, by form field. For a type without a form, its Markdown texts are
        added.
        """
        texts = self.as_typed() if self.FORM else {**self.as_typed(), **self.markdown_texts()}
        return {name: value for name, value in texts.items() if name not in NOT_CONTENT}

    # --- What the admin may do ---------------------------------------------------------------

    @property
    def may_change_in_office(self) -> bool:
        """Whether the knowledge office may edit the item in the admin. Normally this means that the item is published.

        While an item waits for review, only its author changes it. A withdrawn item stays withdrawn. An item of a
        MADE_IN_ADMIN type may also be edited before its first publication.
        """
        if self.MADE_IN_ADMIN:
            return self.state != State.WITHDRAWN
        return self.live and self.state in (State.PUBLISHED, State.SUPERSEDED)

    def opens_to(self, user: Viewer) -> bool:
        """Whether the access policy lets `user` open the item. The authors are queried only if no other rule opens the
        item.
        """
        reader = reader_for(user)
        if can_view(reader, audience=self.audience, owner_unit_id=self.owner_unit_id, author_ids=()):
            return True
        return reader.person_id is not None and self.authorships.filter(person_id=reader.person_id).exists()

    def permissions_for_user(self, user: Viewer) -> ItemPagePermissions:
        return ItemPagePermissions(user, self.specific if type(self) is Item else self)

    def clean(self) -> None:
        super().clean()
        if self.occurred_on and self.occurred_on > clock.today():
            message = "先の日付です。今日か、それより前の日を入れてください。"
            raise field_error("occurred_on", message, code="future_date")

    # --- What pages and search show of the item ----------------------------------------------

    @property
    def badges(self) -> list[tuple[str, str]]:
        """Returns the (code, label) pairs that are shown beside the title, the most important pair first."""
        badges = []
        if self.state in (State.SUPERSEDED, State.WITHDRAWN, State.SUBMITTED, State.RETURNED):
            badges.append((str(self.state), str(State(self.state).label)))
        if self.state == State.PUBLISHED and self.review_due and self.review_due < clock.today():
            badges.append(("overdue", "見直し期限切れ"))
        return badges
