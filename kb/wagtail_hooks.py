"""The Wagtail admin of the knowledge office: listings by type, the stale report, vocabularies and terms.

Staff never come here: they write, review and read in the site itself (trust.md).
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import path, reverse
from wagtail import hooks
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column
from wagtail.admin.ui.tables.pages import PageTitleColumn
from wagtail.admin.views.generic import IndexView
from wagtail.admin.views.reports import PageReportView
from wagtail.admin.viewsets.base import ViewSetGroup
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.admin.viewsets.pages import PageListingViewSet

from kb.models import Article, Challenge, Item, Lesson, Reference, Retrospective, Scene, Stance, Term, Theme
from kb.models.item import State
from kb.sources import may_manage
from kb.views import imports
from organization import audit, clock
from organization.audience import Audience


class ItemFilterSet(WagtailFilterSet):
    state = django_filters.ChoiceFilter(label="公開の状態", choices=State.choices)
    audience = django_filters.ChoiceFilter(label="公開範囲", choices=Audience.choices)
    fiscal_year = django_filters.NumberFilter(label="年度（西暦）")

    class Meta:
        model = Item
        fields = ["state", "audience", "fiscal_year", "themes"]


COLUMNS = [
    Column("public_id", label="管理番号", sort_key="public_id", width="12%"),
    PageTitleColumn("title", label="件名", sort_key="title"),
    Column("unit_name_at_time", label="当時の所属", width="14%"),
    Column("get_state_display", label="状態", sort_key="state", width="9%"),
    Column("get_audience_display", label="公開範囲", width="10%"),
    Column("occurred_on", label="発生日", sort_key="occurred_on", width="10%"),
    Column("review_due", label="見直し期限", sort_key="review_due", width="10%"),
]


def listing(model: type[Item], icon: str, fields: list[str]) -> PageListingViewSet:
    """A flat list of the pages of one type, with columns and filters."""

    filterset = type(
        f"{model.__name__}FilterSet", (ItemFilterSet,), {"Meta": type("Meta", (), {"model": model, "fields": fields})}
    )
    viewset = type(
        f"{model.__name__}ListingViewSet",
        (PageListingViewSet,),
        {
            "model": model, "icon": icon, "menu_label": str(model._meta.verbose_name), "columns": COLUMNS,
            "filterset_class": filterset, "add_to_admin_menu": False,
        },
    )  # fmt: skip
    return viewset(f"{model._meta.model_name}_pages")


class ItemsGroup(ViewSetGroup):
    menu_label = "学びの記録"
    menu_icon = "doc-full-inverse"
    menu_order = 100
    items = (
        listing(Lesson, "pick", ["state", "audience", "fiscal_year", "themes", "kind", "maturity"]),
        listing(Retrospective, "history", ["state", "audience", "fiscal_year", "themes", "format"]),
        listing(Challenge, "rotate", ["state", "audience", "fiscal_year", "themes", "stage", "outcome"]),
        listing(Article, "doc-full", ["state", "audience", "fiscal_year", "themes"]),
    )


@hooks.register("register_admin_viewset")
def register_items() -> ItemsGroup:
    return ItemsGroup()


class WordViewSet(ModelViewSet):
    icon = "tag"
    list_display = ["label", "code", "scope_note", "order"]
    search_fields = ["label", "code"]
    form_fields = ["code", "label", "scope_note", "order"]


class ThemeViewSet(WordViewSet):
    model = Theme
    menu_label = "分野"


class SceneViewSet(WordViewSet):
    model = Scene
    menu_label = "業務場面"


class StanceViewSet(WordViewSet):
    model = Stance
    menu_label = "基本姿勢"


class TermViewSet(ModelViewSet):
    model = Term
    icon = "openquote"
    menu_label = "用語と同義語"
    list_display = ["label", "kana", "origin"]
    list_filter = ["origin"]
    search_fields = ["label", "kana"]
    form_fields = ["label", "kana", "synonyms", "scope_note", "origin"]


class ReferenceListing(IndexView):
    def get_base_queryset(self) -> QuerySet[Any]:
        return super().get_base_queryset().select_related("source")


class ReferenceViewSet(ModelViewSet):
    model = Reference
    index_view_class = ReferenceListing
    icon = "site"
    menu_label = "外部の事例"
    list_display = ["public_id", "title", "source", Column("licence_label", label="利用条件"), "withdrawn"]
    list_filter = ["source", "withdrawn", "language"]
    search_fields = ["title", "public_id"]
    form_fields = [
        "title",
        "text",
        "source",
        "external_id",
        "licence",
        "url",
        "audience",
        "keywords",
        "withdrawn",
    ]


class WordsGroup(ModelViewSetGroup):
    menu_label = "語彙"
    menu_icon = "tag"
    menu_order = 150
    items = (ThemeViewSet, SceneViewSet, StanceViewSet, TermViewSet, ReferenceViewSet)


@hooks.register("register_admin_viewset")
def register_words() -> WordsGroup:
    return WordsGroup()


class StaleReport(PageReportView):
    """Published items whose review date has passed, the longest overdue first."""

    index_url_name = "stale_report"
    index_results_url_name = "stale_report_results"
    page_title = "見直し期限切れ"
    header_icon = "time"
    columns = COLUMNS

    def get_queryset(self) -> QuerySet[Any]:
        return Item.objects.stale(clock.today()).order_by("review_due", "pk")


@hooks.register("register_admin_urls")
def register_stale_urls() -> list[Any]:
    return [
        path("reports/stale/", StaleReport.as_view(), name="stale_report"),
        path("reports/stale/results/", StaleReport.as_view(results_only=True), name="stale_report_results"),
    ]


@hooks.register("register_admin_urls")
def register_import_urls() -> list[Any]:
    return imports.urlpatterns


class OfficeMenuItem(MenuItem):
    """Shown to whom the screens behind it open."""

    def is_shown(self, request: Any) -> bool:
        return may_manage(request.user)


@hooks.register("register_admin_menu_item")
def register_import_menu() -> MenuItem:
    return OfficeMenuItem("外部の事例の取込み", reverse("reference_sources"), icon_name="download", order=160)


@hooks.register("register_reports_menu_item")
def register_stale_menu() -> MenuItem:
    return MenuItem("見直し期限切れ", reverse("stale_report"), icon_name="time", order=10)


def _audit(action: str) -> Any:
    def record(request: Any, page: Any) -> None:
        if isinstance(page.specific, Item):
            audit.record(actor=request.user, action=action, obj=page.specific)

    return record


# Wagtail's own log names the service account; who of the office did it is in the audit chain.
hooks.register("after_create_page", _audit("admin.created"))
hooks.register("after_edit_page", _audit("admin.edited"))
hooks.register("after_publish_page", _audit("admin.published"))
hooks.register("after_unpublish_page", _audit("admin.unpublished"))
