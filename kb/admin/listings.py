"""The lists of items in the admin: one list per item type, with columns, filters and search.

A list contains the items that the policy opens to the user. Other staff do not use the admin: they write, review and
read in the site itself.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.core.exceptions import ValidationError
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

from kb.items.page_tree import year_container
from kb.models import Item
from kb.models.items.item_queries import item_types
from kb.models.items.states import State
from organization import clock
from organization.audience import Audience
from organization.fiscal import fiscal_year
from organization.models import OrgUnit


def owner_units(request: HttpRequest) -> QuerySet[OrgUnit]:
    """Returns the units that own at least one item. They are the choices of a filter."""
    return OrgUnit.objects.filter(pk__in=Item.objects.values("owner_unit_id"))


class ItemFilterSet(WagtailFilterSet):
    state = django_filters.ChoiceFilter(label="公開の状態", choices=State.choices)
    audience = django_filters.ChoiceFilter(label="公開範囲", choices=Audience.choices)
    owner_unit = django_filters.ModelChoiceFilter(label="所管所属", queryset=owner_units)
    fiscal_year = django_filters.NumberFilter(label="年度（西暦）")

    class Meta:
        model = Item
        fields = ["state", "audience", "owner_unit", "fiscal_year", "themes"]


COLUMNS = [
    Column("public_id", label="管理番号", sort_key="public_id", classname="office-nowrap"),
    PageTitleColumn("title", label="件名", sort_key="title", classname="title"),
    Column("unit_name_at_time", label="当時の所属", width="12%"),
    Column("get_state_display", label="状態", sort_key="state", width="8%"),
    Column("get_audience_display", label="公開範囲", width="9%"),
    Column("occurred_on", label="発生日", sort_key="occurred_on", classname="office-nowrap"),
    Column("review_due", label="見直し期限", sort_key="review_due", classname="office-nowrap"),
]


class ItemListingView(IndexView):
    """The items of one type, the newest first. Search looks for words in public id, title and summary."""

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
        """Returns the address where an item of this type is written. It is in the admin or in the site."""
        return str(super().get_add_url()) if self.model.MADE_IN_ADMIN else reverse("write")

    @property
    def header_buttons(self) -> list[HeaderButton]:
        label = f"{self.model.TYPE_LABEL}を書く" if self.model.MADE_IN_ADMIN else "書く画面へ"
        return [HeaderButton(label, url=self.get_add_url(), icon_name="plus")]


class AddItemView(View):
    """Redirects to Wagtail's form for a new item, in the container of this fiscal year. Used for
    MADE_IN_ADMIN types.
    """

    model = Item
    index_url_name = ""  # Wagtail passes this value to every view of a listing.

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        container = year_container(self.model.PREFIX, fiscal_year(clock.today()))
        return redirect("wagtailadmin_pages:add", self.model._meta.app_label, self.model.type_code(), container.pk)


class EditItemView(EditView):
    """Never overwrites a newer version without a message: the first save shows the form again with a warning (code
    `newer_version`).

    Wagtail's autosave already refuses such a save, but Wagtail's save button does not.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.expects_json_response or not self.is_out_of_date:
            return super().post(request, *args, **kwargs)
        self.form = self.form_class(
            request.POST,
            request.FILES,
            instance=self.page,
            subscription=self.subscription,
            parent_page=self.parent,
            for_user=request.user,
        )
        self.form.is_valid()
        self.form.add_error(
            None,
            ValidationError(
                "開いている間に、別の人がこのページを保存しました。入力した内容は下に残っています。"
                "「履歴」で新しい版を見てください。もう一度保存すると、この内容が新しい版になります（前の版は履歴に残ります）。",
                code="newer_version",
            ),
        )
        return self.form_invalid(self.form)


class ItemViewSet(PageViewSet):
    """Wagtail's views of a page, but with EditItemView as the edit view."""

    model = Item
    edit_view_class = EditItemView
    add_to_admin_menu = False


def listing_viewset(model: type[Item]) -> PageListingViewSet:
    """Returns the list for one item type, with the filters that Item.ADMIN_LISTING names."""
    options = model.ADMIN_LISTING
    assert options is not None
    meta = type("Meta", (), {"model": model, "fields": [*ItemFilterSet.Meta.fields, *options.filters]})
    filters = {
        name: django_filters.ChoiceFilter(label=str(model._meta.get_field(name).verbose_name), choices=choices)
        for name, choices in options.choices.items()
    }
    viewset = type(
        f"{model.__name__}ListingViewSet",
        (PageListingViewSet,),
        {
            "model": model,
            "icon": options.icon,
            "menu_label": str(model._meta.verbose_name),
            "columns": COLUMNS,
            "index_view_class": ItemListingView,
            "choose_parent_view_class": AddItemView,
            "filterset_class": type(f"{model.__name__}FilterSet", (ItemFilterSet,), {"Meta": meta, **filters}),
            "add_to_admin_menu": False,
        },
    )
    return viewset(f"{model.type_code()}_pages")


def listed_types() -> list[type[Item]]:
    """Returns the item types that have a list, in the order of the menu."""
    types = [(model.ADMIN_LISTING.order, model.type_code(), model) for model in item_types() if model.ADMIN_LISTING]
    return [model for _, _, model in sorted(types, key=lambda row: row[:2])]


class ItemsGroup(ViewSetGroup):
    menu_label = "学びの記録"
    menu_icon = "doc-full-inverse"
    menu_order = 100
    items = tuple(listing_viewset(model) for model in listed_types())
