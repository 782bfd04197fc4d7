"""Item: the concrete base page of everything that was learned, with the Common block.

It holds what every type shares: permanent id, unit, audience, state, vocabularies and the rendered
HTML. It refuses to know its author (kb.models.authorship) and to be served at a tree address: the
one address of an item is /k/<public_id>/.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.http import HttpResponseBase
from django.urls import reverse
from modelcluster.fields import ParentalManyToManyField
from wagtail.models import Page, PageManager, PageQuerySet

from kb.admin.forms import OfficeItemForm
from kb.admin.permissions import ItemRights
from kb.markdown.rendering import render_many
from organization import clock
from organization.accounts import service_account
from organization.audience import Attribution, Audience
from organization.fiscal import fiscal_year
from organization.policy import reader_for, visible_q
from organization.tree import unit_tree

PUBLIC_ID = r"^[A-Z]{1,2}-[SHR]\d{2}-\d{5,7}$"


class State(models.TextChoices):
    """Where an item stands between its author and its readers (visibility; maturity is the lesson's)."""

    SUBMITTED = "submitted", "確認待ち"
    RETURNED = "returned", "差戻し"
    PUBLISHED = "published", "公開"
    SUPERSEDED = "superseded", "置き換え済み"
    WITHDRAWN = "withdrawn", "取り下げ"


class Confidentiality(models.TextChoices):
    """機密性. Class 3 is refused: such material is linked to, never written here (I4)."""

    ONE = "1", "機密性1"
    TWO = "2", "機密性2"


class Retention(models.TextChoices):
    Y1 = "1", "1年"
    Y3 = "3", "3年"
    Y5 = "5", "5年"
    Y10 = "10", "10年"
    Y30 = "30", "30年"
    PERMANENT = "permanent", "常用"


class ItemQuerySet(PageQuerySet):
    """What may be asked of items; views ask nothing else."""

    def published(self) -> ItemQuerySet:
        """Items that readers may meet: live, and neither waiting nor withdrawn."""
        return self.filter(live=True, state__in=(State.PUBLISHED, State.SUPERSEDED))

    def visible_to(self, user: Any) -> ItemQuerySet:
        """The SQL form of the one policy: published items that `user` may open."""
        return self.published().allowed_for(user)

    def allowed_for(self, user: Any) -> ItemQuerySet:
        """Items whose audience lets `user` in, whatever their state (tombstones need this)."""
        reader = reader_for(user)
        authored = None
        if reader.person_id is not None:
            from kb.models.authorship import Authorship

            authored = Authorship.objects.filter(person_id=reader.person_id).values("item_id")
        return self.filter(visible_q(reader, authored_pks=authored))

    def written_by(self, person: Any) -> ItemQuerySet:
        """What `person` wrote and has not withdrawn; of types with HAS_OWN_REVIEW only what was published."""
        mine = self.filter(authorships__person=person).exclude(state=State.WITHDRAWN)
        return mine.exclude(self.model.own_review_q(), first_published_at__isnull=True)

    def stale(self, on: date | None = None) -> ItemQuerySet:
        """Published items whose review date has passed (見直し期限切れ)."""
        return self.published().filter(review_due__lt=on or clock.today())

    def newest(self) -> ItemQuerySet:
        """Newest first; the id breaks ties so that pages never repeat an item."""
        return self.order_by("-first_published_at", "-pk")


ItemManager = PageManager.from_queryset(ItemQuerySet)


class Item(Page):
    """One piece of knowledge. Columns that are required only at submit are nullable (0001)."""

    PREFIX: ClassVar[str] = ""
    TYPE_LABEL: ClassVar[str] = ""
    #: Slug and title of the page under which the type's items lie (kb.items.page_tree makes it).
    INDEX: ClassVar[tuple[str, str]] = ("", "")
    #: Written as a kb.Draft; other types have screens of their own.
    IS_DRAFTED: ClassVar[bool] = False
    #: Another room decides who may publish it and who may read it: it is on no unit reviewer's list, and what nobody
    #: could read yet is opened where it is made (`edit_url`), not at its permalink.
    HAS_OWN_REVIEW: ClassVar[bool] = False
    #: Long fields written in Markdown; their HTML is kept in `rendered` (never made on a page view).
    MARKDOWN_FIELDS: ClassVar[tuple[str, ...]] = ()
    #: Columns of the type's own from which `badges` is made: a list reads these and no others of some fifty.
    BADGE_COLUMNS: ClassVar[tuple[str, ...]] = ()
    #: What the row, not a revision, decides: an old revision must not bring back old access.
    ROW_FIELDS: ClassVar[tuple[str, ...]] = (
        "public_id", "audience", "attribution", "confidentiality", "state", "owner_unit_id", "unit_name_at_time",
        "fiscal_year", "registered_on", "submitted_at", "requested_audience", "withdrawn_reason",
    )  # fmt: skip

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

    is_creatable = False
    base_form_class = OfficeItemForm
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

    @staticmethod
    def own_review_q() -> models.Q:
        """The items of types that kb's reviewers do not decide on (HAS_OWN_REVIEW)."""
        names = [model._meta.model_name for model in item_types() if model.HAS_OWN_REVIEW]
        return models.Q(content_type__model__in=names)

    # --- Address -----------------------------------------------------------------------------

    def get_absolute_url(self) -> str:
        return reverse("item", args=[self.public_id]) if self.public_id else ""

    def get_url_parts(self, request: Any = None) -> tuple[int, str, str] | None:
        """The permalink instead of a tree address, which is not served (0001)."""
        if not self.public_id:
            return None
        site_id, root_url, _ = super().get_url_parts(request) or (0, "", "")
        # Without wagtail.urls Wagtail knows no root, and its preview would fail on None.
        return (site_id, root_url or settings.WAGTAILADMIN_BASE_URL, self.get_absolute_url())

    def serve_preview(self, request: Any, mode_name: str) -> HttpResponseBase:
        """The reader's page with what is typed; whether this user may ask was Wagtail's and ItemRights' to say."""
        from kb.items.views.item import preview  # views know models, not the other way round; this is the one way back

        return preview(request, self)  # type: ignore[call-arg]

    def edit_url(self) -> str:
        """Where it is edited in the site, for a type with a screen of its own; empty where there is none."""
        return reverse("item_edit", args=[self.public_id]) if self.IS_DRAFTED else ""

    def audience_url(self) -> str:
        """Where who may read it is changed; empty where it cannot be."""
        return reverse("item_audience", args=[self.public_id]) if self.state == State.PUBLISHED else ""

    def withdraw_url(self) -> str:
        return reverse("item_withdraw", args=[self.public_id])

    def may_be_kept_by(self, user: Any) -> bool:
        """Whether `user` edits and withdraws it, for a type with HAS_OWN_REVIEW; kb.lifecycle.transitions.may_edit asks."""
        return False

    def own_context(self, request: Any) -> dict[str, Any]:
        """What the template of a type that kb does not know shows besides (kb.items.views.item asks)."""
        return {}

    # --- Rendering and revisions -------------------------------------------------------------

    def markdown_texts(self) -> dict[str, str]:
        """Each Markdown text under a key of its own; types with rows add theirs."""
        return {name: getattr(self, name) or "" for name in self.MARKDOWN_FIELDS}

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
        if not self.public_id:  # made in the admin: staff's items come with their id (kb.lifecycle.transitions.create)
            from kb.items.identifiers import next_public_id

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
        """A revision as a page, with access and identity taken from the row (0001)."""
        page = super().with_content_json(content)
        for name in self.ROW_FIELDS:
            setattr(page, name, getattr(self, name))
        return page

    def save_revision(self, user: Any = None, **kwargs: Any) -> Any:
        """As Wagtail's, but the revision never names a person: authorship is a row of its own."""
        return super().save_revision(user=service_account(), **kwargs)

    # --- What the admin may do ---------------------------------------------------------------

    @classmethod
    def can_create_at(cls, parent: Page) -> bool:
        """Made in the site, where it is signed and has a source (I2); articles alone are made in the admin."""
        return False

    @property
    def may_change_in_office(self) -> bool:
        """Only what readers meet: what waits is its author's, and what is withdrawn stays so."""
        return self.live and self.state in (State.PUBLISHED, State.SUPERSEDED)

    def permissions_for_user(self, user: Any) -> ItemRights:
        return ItemRights(user, self.specific if type(self) is Item else self)

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


def item_types() -> list[type[Item]]:
    """Every type of item, those of the rooms above included, in the order of their apps."""
    return [model for model in apps.get_models() if issubclass(model, Item) and model.PREFIX]


class IdCounter(models.Model):
    """The last number given for a prefix and a fiscal year; gaps are allowed, repeats are not."""

    prefix = models.CharField(max_length=2)
    fiscal_year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "管理番号の記録"
        constraints = [models.UniqueConstraint(fields=("prefix", "fiscal_year"), name="id_counter_once")]

    def __str__(self) -> str:
        return f"{self.prefix} {self.fiscal_year}"


class Reaction(models.Model):
    """「役に立った」 of one person on one item: a plain row outside revisions (S06)."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="reactions")
    person = models.ForeignKey("organization.Person", on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = "役に立った"
        constraints = [models.UniqueConstraint(fields=("item", "person"), name="reaction_once")]

    def __str__(self) -> str:
        return f"reaction {self.pk}"
