"""見直し期限切れ: published items whose review date has passed, the longest overdue first, on screen and as a table.

For the knowledge office alone (role km); what the policy closes even to it is neither listed nor exported.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.reports import ReportView

from kb.admin.listings import units_of_items
from kb.admin.spreadsheets import SafeExport
from kb.models import Item, Theme
from kb.models.item import item_types
from organization import clock
from organization.policy import reader_for
from organization.tree import unit_tree


def _types(request: Any) -> QuerySet[Any]:
    types = ContentType.objects.get_for_models(*item_types()).values()
    return ContentType.objects.filter(pk__in=[row.pk for row in types])


class TypeFilter(django_filters.ModelChoiceFilter):
    def get_queryset(self, request: Any) -> QuerySet[Any]:
        return _types(request)

    @property
    def field(self) -> Any:
        field = super().field
        field.label_from_instance = lambda row: str(row.model_class()._meta.verbose_name)
        return field


class StaleFilterSet(WagtailFilterSet):
    content_type = TypeFilter(label="種類", queryset=_types)
    owner_unit = django_filters.ModelChoiceFilter(label="所管所属", queryset=units_of_items)
    themes = django_filters.ModelChoiceFilter(label="分野", queryset=Theme.objects.all())
    review_due = django_filters.DateFilter(label="この日より前が期限", lookup_expr="lt")

    class Meta:
        model = Item
        fields = ["content_type", "owner_unit", "themes", "review_due"]


def unit_today(item: Item) -> str:
    """The owner as it is called today: who is asked to look again."""
    return unit_tree().name(item.owner_unit_id) if item.owner_unit_id else ""


def type_name(item: Item) -> str:
    model = item.cached_content_type.model_class()
    return str(model._meta.verbose_name) if model else ""


def days_over(item: Item) -> int:
    assert item.review_due is not None  # stale() asks for it
    return (clock.today() - item.review_due).days


class StaleReport(SafeExport, ReportView):
    index_url_name = "stale_report"
    index_results_url_name = "stale_report_results"
    page_title = "見直し期限切れ"
    header_icon = "time"
    model = Item
    verbose_name_plural = "項目"
    filterset_class = StaleFilterSet
    default_ordering = "review_due"
    is_searchable = False
    columns = [
        Column("public_id", label="管理番号", sort_key="public_id", classname="office-nowrap"),
        TitleColumn(
            "title",
            label="件名",
            sort_key="title",
            get_url=lambda item: reverse("wagtailadmin_pages:edit", args=[item.pk]),
        ),
        Column("type", label="種類", accessor=type_name, width="9%"),
        Column("unit", label="所管所属", accessor=unit_today, width="14%"),
        Column("review_due", label="見直し期限", sort_key="review_due", classname="office-nowrap"),
        Column("over", label="過ぎた日数", accessor=lambda item: f"{days_over(item):,}日", width="9%"),
    ]
    list_export = ["public_id", "title", "type", "unit", "review_due", "over", "address"]
    export_headings = {
        "public_id": "管理番号",
        "title": "件名",
        "type": "種類",
        "unit": "所管所属",
        "review_due": "見直し期限",
        "over": "過ぎた日数",
        "address": "アドレス",
    }

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "km" not in reader_for(request.user).roles:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_filename(self) -> str:
        return f"stale-{clock.today():%Y%m%d}"

    def get_base_queryset(self) -> QuerySet[Any]:
        return Item.objects.stale(clock.today()).allowed_for(self.request.user)

    def order_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().order_queryset(queryset).order_by(self.ordering, "pk")

    def to_row_dict(self, item: Any) -> dict[str, Any]:
        return {
            "public_id": item.public_id,
            "title": item.title,
            "type": type_name(item),
            "unit": unit_today(item),
            "review_due": item.review_due,
            "over": days_over(item),
            "address": self.request.build_absolute_uri(item.get_absolute_url()),
        }
