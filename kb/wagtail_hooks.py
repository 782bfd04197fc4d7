"""What the kb room adds to the Wagtail admin: lists of items, vocabularies, reports, imports and audit events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from wagtail import hooks
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.models import Page

from kb.admin import menu  # noqa: F401 (importing the module registers its hooks)
from kb.admin.listings import ItemsGroup, ItemViewSet
from kb.admin.page_policy import hide_unreadable
from kb.admin.stale_report import StaleReport
from kb.editor.panels import RowFieldPanel
from kb.models import Item, Reference, Scene, Stance, Term, Theme
from kb.references import views as reference_views
from organization import audit
from organization.admin import audited_views
from organization.requests import user_of


@hooks.register("register_admin_viewset")
def register_items() -> list[Any]:
    return [ItemsGroup(), ItemViewSet("office_items")]


class DeleteVocabularyEntry(audited_views.Delete):
    """Deletes an entry only if no item uses it. Wagtail would delete an entry that is in use and remove it from all its
    items without a message.
    """

    def form_valid(self, form: Form) -> HttpResponse:
        item_count = self.object.items.count() if hasattr(self.object, "items") else 0
        if item_count:
            messages.error(
                self.request,
                f"「{self.object}」は{item_count}件の記録に付いているので消せません。先に付け替えてください。",
            )
            return redirect(self.get_success_url())
        return super().form_valid(form)


class VocabularyViewSet(ModelViewSet):
    """Base class for vocabularies. Its views write audit events. Copying is not offered, because a code
    must be unique.
    """

    icon = "tag"
    index_view_class = audited_views.Listing
    add_view_class = audited_views.Add
    edit_view_class = audited_views.Edit
    delete_view_class = DeleteVocabularyEntry
    copy_view_enabled = False
    list_display = ["label", "code", "scope_note", "order"]
    search_fields = ["label", "code"]
    panels = [
        FieldRowPanel([FieldPanel("label"), RowFieldPanel("code")]),
        FieldPanel("scope_note", help_text="どんなときに選ぶ言葉か。書く人に見せます。"),
        FieldPanel("order", help_text="小さい数から並びます。"),
    ]


class ThemeViewSet(VocabularyViewSet):
    model = Theme
    menu_label = "分野"


class SceneViewSet(VocabularyViewSet):
    model = Scene
    menu_label = "業務場面"


class StanceViewSet(VocabularyViewSet):
    model = Stance
    menu_label = "基本姿勢"


class TermViewSet(VocabularyViewSet):
    model = Term
    icon = "title"
    menu_label = "用語と同義語"
    list_display = [
        "label",
        "kana",
        Column("synonyms", label="同義語", accessor=lambda term: "、".join(term.synonyms)),
        Column("get_origin_display", label="由来", sort_key="origin"),
    ]
    list_filter = ["origin"]
    search_fields = ["label", "kana"]
    panels = [
        FieldRowPanel([FieldPanel("label"), FieldPanel("kana", help_text="ひらがなで。並び順に使います。")]),
        FieldPanel(
            "synonyms", heading="同義語", help_text="「、」で区切ります。検索は、どの言葉からも同じものを探します。"
        ),
        FieldPanel("scope_note"),
        FieldPanel("origin"),
    ]


class ReferenceListing(audited_views.Listing):
    related = ("source",)


class ReferenceViewSet(VocabularyViewSet):
    model = Reference
    index_view_class = ReferenceListing
    icon = "link-external"
    menu_label = "外部の事例"
    list_display = [
        "public_id",
        "title",
        "source",
        Column("licence_label", label="利用条件"),
        BooleanColumn("withdrawn", label="取り下げ"),
    ]
    list_filter = ["source", "withdrawn", "language"]
    search_fields = ["title", "public_id"]
    panels = [
        FieldPanel("title"),
        FieldPanel("text"),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("source"), FieldPanel("external_id")]),
                FieldPanel("licence", help_text="空のときは、出典の利用条件です。"),
                FieldPanel("url"),
            ],
            heading="どこから",
        ),
        FieldRowPanel([FieldPanel("audience"), FieldPanel("withdrawn")]),
        FieldPanel("keywords", heading="キーワード"),
    ]


class VocabularyGroup(ModelViewSetGroup):
    menu_label = "語彙"
    menu_icon = "tag"
    menu_order = 150
    items = (ThemeViewSet, SceneViewSet, StanceViewSet, TermViewSet, ReferenceViewSet)


@hooks.register("register_admin_viewset")
def register_vocabularies() -> VocabularyGroup:
    return VocabularyGroup()


@hooks.register("register_admin_urls")
def register_stale_urls() -> list[Any]:
    return [
        path("reports/stale/", StaleReport.as_view(), name="stale_report"),
        path("reports/stale/results/", StaleReport.as_view(results_only=True), name="stale_report_results"),
    ]


@hooks.register("register_admin_urls")
def register_import_urls() -> list[Any]:
    return reference_views.urlpatterns


@hooks.register("construct_page_chooser_queryset")
def limit_chooser(pages: QuerySet[Page], request: HttpRequest) -> QuerySet[Page]:
    return hide_unreadable(pages, request.user)


@hooks.register("construct_explorer_page_queryset")
def limit_explorer(parent: Page, pages: QuerySet[Page], request: HttpRequest) -> QuerySet[Page]:
    return hide_unreadable(pages, request.user)


def _audit_hook(action: str) -> Callable[[HttpRequest, Page], None]:
    """Returns a hook. If the page is an item, the hook writes an audit event with this action."""

    def record(request: HttpRequest, page: Page) -> None:
        if isinstance(page.specific, Item):
            audit.record(actor=user_of(request), action=action, obj=page.specific)

    return record


# Wagtail's own log names only the service account. The audit chain records who acted.
hooks.register("after_create_page", _audit_hook("admin.created"))
hooks.register("after_edit_page", _audit_hook("admin.edited"))
hooks.register("after_publish_page", _audit_hook("admin.published"))
hooks.register("after_unpublish_page", _audit_hook("admin.unpublished"))
