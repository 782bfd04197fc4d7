"""見直し期限切れ: the report of published items whose review due date has passed. The item that is longest overdue comes
first.

Only the knowledge office (role km) may open the report. An item that the policy closes to the user is neither listed
nor exported.
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

from kb.admin.listings import owner_units
from kb.admin.report_export import SafeSpreadsheetExportMixin
from kb.models import Item, Theme
from kb.models.items.item_queries import item_types
from organization import clock
from organization.access_policy import reader_for
from organization.units.tree import unit_tree


def _item_content_types(request: HttpRequest) -> QuerySet[ContentType]:
    types = ContentType.objects.get_for_models(*item_types()).values()
    return ContentType.objects.filter(pk__in=[row.pk for row in types])


class TypeFilter(django_filters.ModelChoiceFilter):
    def get_queryset(self, request: HttpRequest) -> QuerySet[ContentType]:
        return _item_content_types(request)

    @property
    def field(self) -> Any:
        field = super().field
        field.label_from_instance = lambda row: str(row.model_class()._meta.verbose_name)
        return field


class StaleFilterSet(WagtailFilterSet):
    content_type = TypeFilter(label="種類", queryset=_item_content_types)
    owner_unit = django_filters.ModelChoiceFilter(label="所管所属", queryset=owner_units)
    themes = django_filters.ModelChoiceFilter(label="分野", queryset=Theme.objects.all())
    review_due = django_filters.DateFilter(label="この日より前が期限", lookup_expr="lt")

    class Meta:
        model = Item
        fields = ["content_type", "owner_unit", "themes", "review_due"]


def current_unit_name(item: Item) -> str:
    """Returns today's name of the owner unit. This unit is asked to review the item again."""
    return unit_tree().name(item.owner_unit_id) if item.owner_unit_id else ""


def type_name(item: Item) -> str:
    model = item.cached_content_type.model_class()
    return str(model._meta.verbose_name) if model else ""


def days_overdue(item: Item) -> int:
    """Returns the number of days since the review due date of a stale item."""
    assert item.review_due is not None  # The date is never None here, because stale() filters by it.
    return (clock.today() - item.review_due).days


class StaleReport(SafeSpreadsheetExportMixin, ReportView):
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
        Column("unit", label="所管所属", accessor=current_unit_name, width="14%"),
        Column("review_due", label="見直し期限", sort_key="review_due", classname="office-nowrap"),
        Column("over", label="過ぎた日数", accessor=lambda item: f"{days_overdue(item):,}日", width="9%"),
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

    def get_base_queryset(self) -> QuerySet[Item]:
        return Item.objects.stale(clock.today()).allowed_for(self.request.user)

    def order_queryset(self, queryset: QuerySet[Item]) -> QuerySet[Item]:
        return super().order_queryset(queryset).order_by(self.ordering, "pk")

    def to_row_dict(self, item: Item) -> dict[str, Any]:
        return {
            "public_id": item.public_id,
            "title": item.title,
            "type": type_name(item),
            "unit": current_unit_name(item),
            "review_due": item.review_due,
            "over": days_overdue(item),
            "address": self.request.build_absolute_uri(item.get_absolute_url()),
        }
