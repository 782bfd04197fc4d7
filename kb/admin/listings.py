"""The office's lists of pages, one a type: columns, filters and search over what the policy lets the reader see.

Staff never come here: they write, review and read in the site itself.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views import View
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.ui.tables.pages import PageTitleColumn
from wagtail.admin.views.pages.edit import EditView
from wagtail.admin.views.pages.listing import IndexView
from wagtail.admin.viewsets.base import ViewSetGroup
from wagtail.admin.viewsets.pages import PageListingViewSet, PageViewSet
from wagtail.admin.widgets.button import HeaderButton

from kb.formats.loading import formats
from kb.items.page_tree import year_container
from kb.models import Article, Challenge, Item, Lesson, Retrospective
from kb.models.item import State
from organization import clock
from organization.audience import Audience
from organization.fiscal import fiscal_year
from organization.models import OrgUnit


def units_of_items(request: Any) -> QuerySet[Any]:
    """The units that own any item."""
    return OrgUnit.objects.filter(pk__in=Item.objects.values("owner_unit_id"))


class ItemFilterSet(WagtailFilterSet):
    state = django_filters.ChoiceFilter(label="公開の状態", choices=State.choices)
    audience = django_filters.ChoiceFilter(label="公開範囲", choices=Audience.choices)
    owner_unit = django_filters.ModelChoiceFilter(label="所管所属", queryset=units_of_items)
    fiscal_year = django_filters.NumberFilter(label="年度（西暦）")

    class Meta:
        model = Item
        fields = ["state", "audience", "owner_unit", "fiscal_year", "themes"]


class RetrospectiveFilterSet(ItemFilterSet):
    format = django_filters.ChoiceFilter(
        label="書式", choices=lambda: [(one.key, one.label) for one in formats().values()]
    )


COLUMNS = [
    Column("public_id", label="管理番号", sort_key="public_id", classname="office-nowrap"),
    PageTitleColumn("title", label="件名", sort_key="title", classname="title"),
    Column("unit_name_at_time", label="当時の所属", width="12%"),
    Column("get_state_display", label="状態", sort_key="state", width="8%"),
    Column("get_audience_display", label="公開範囲", width="9%"),
    Column("occurred_on", label="発生日", sort_key="occurred_on", classname="office-nowrap"),
    Column("review_due", label="見直し期限", sort_key="review_due", classname="office-nowrap"),
]


class Listing(IndexView):
    """A flat list: what the policy opens, newest first, found by words in number, title or summary."""

    default_ordering = "-latest_revision_created_at"

    def get_base_queryset(self) -> QuerySet[Any]:
        return super().get_base_queryset().filter(pk__in=Item.objects.allowed_for(self.request.user).values("pk"))

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for word in self.search_query.split():
            queryset = queryset.filter(
                Q(public_id__icontains=word) | Q(title__icontains=word) | Q(summary__icontains=word)
            )
        return queryset

    def get_add_url(self) -> str:
        """Articles are made here; everything else in the site."""
        return reverse("write") if self.model is not Article else str(super().get_add_url())

    @property
    def header_buttons(self) -> list[HeaderButton]:
        label = "読みものを書く" if self.model is Article else "書く画面へ"
        return [HeaderButton(label, url=self.get_add_url(), icon_name="plus")]


class AddArticle(View):
    """The form of a new article, in the container of this fiscal year."""

    index_url_name = ""  # the listing's views are all given it

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        shelf = year_container(Article.PREFIX, fiscal_year(clock.today()))
        return redirect("wagtailadmin_pages:add", "kb", "article", shelf.pk)


class Edit(EditView):
    """Refuses to overwrite in silence: a save over a newer version is answered with the form and both choices.

    Wagtail's autosave refuses already; its button does not.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.expects_json_response or not self.is_out_of_date:
            return super().post(request, *args, **kwargs)
        self.form = self.form_class(
            request.POST, request.FILES, instance=self.page, subscription=self.subscription, parent_page=self.parent,
            for_user=request.user,
        )  # fmt: skip
        self.form.is_valid()
        self.form.add_error(
            None,
            "開いている間に、別の人がこのページを保存しました。入力した内容は下に残っています。"
            "「履歴」で新しい版を見てください。もう一度保存すると、この内容が新しい版になります（前の版は履歴に残ります）。",
        )
        return self.form_invalid(self.form)


class ItemViewSet(PageViewSet):
    """Wagtail's views of a page, with our edit view."""

    model = Item
    edit_view_class = Edit
    add_to_admin_menu = False


def listing(model: type[Item], icon: str, fields: list[str], filters: type[ItemFilterSet] = ItemFilterSet) -> Any:
    """A flat list of the pages of one type, with columns and filters."""
    meta = type("Meta", (), {"model": model, "fields": [*ItemFilterSet.Meta.fields, *fields]})
    filterset = type(f"{model.__name__}FilterSet", (filters,), {"Meta": meta})
    viewset = type(
        f"{model.__name__}ListingViewSet",
        (PageListingViewSet,),
        {
            "model": model, "icon": icon, "menu_label": str(model._meta.verbose_name), "columns": COLUMNS,
            "index_view_class": Listing, "choose_parent_view_class": AddArticle, "filterset_class": filterset,
            "add_to_admin_menu": False,
        },
    )  # fmt: skip
    return viewset(f"{model._meta.model_name}_pages")


class ItemsGroup(ViewSetGroup):
    menu_label = "学びの記録"
    menu_icon = "doc-full-inverse"
    menu_order = 100
    items = (
        listing(Lesson, "pick", ["kind", "maturity"]),
        listing(Retrospective, "history", ["format"], RetrospectiveFilterSet),
        listing(Challenge, "crosshairs", ["stage", "outcome"]),
        listing(Article, "doc-full", []),
    )
