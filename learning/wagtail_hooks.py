"""The admin of the training office: course catalogue, training records, and the panel of missing reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from wagtail import hooks
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.components import Component
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.history import HistoryView
from wagtail.admin.views.generic.usage import UsageView
from wagtail.admin.viewsets.model import ModelViewSetGroup

from learning.access import permissions
from learning.models import TrainingCourse, TrainingRecord
from learning.progress import recording
from learning.records import editing
from organization.access_policy import reader_for
from organization.admin import audited_views
from organization.fiscal import fiscal_year_label


class CourseViewSet(audited_views.OfficeViewSet):
    model = TrainingCourse
    icon = "calendar-check"
    menu_label = "研修の目録"
    list_display = [
        "code",
        "title",
        "provider",
        "type",
        "obligation",
        "hours",
        Column("retired", label="終了", accessor=lambda course: "終了" if course.retired else ""),
    ]
    list_filter = ["provider", "type", "obligation", "retired"]
    search_fields = ["code", "title"]
    panels = [
        FieldRowPanel([FieldPanel("code", help_text="実施機関の科目番号。"), FieldPanel("title")]),
        FieldRowPanel([FieldPanel("provider"), FieldPanel("type"), FieldPanel("obligation")]),
        FieldRowPanel(
            [
                FieldPanel("hours", help_text="例：6.5"),
                FieldPanel("valid_months", help_text="受け直しが要る研修だけ。空なら期限なし。"),
            ]
        ),
        FieldPanel("about"),
        FieldPanel("retired"),
    ]


class OfficeRecordMixin:
    """404 for unshared own entries of people, at every address of a record (`permissions.office_records`)."""

    def get_object(self, *args: Any, **kwargs: Any) -> Any:
        row = super().get_object(*args, **kwargs)  # type: ignore[misc]
        if not permissions.office_records().filter(pk=row.pk).exists():
            raise Http404
        return row


class RecordListing(audited_views.Listing):
    def get_base_queryset(self) -> QuerySet[Any]:
        return super().get_base_queryset().filter(pk__in=permissions.office_records().values("pk"))


class RecordEdit(OfficeRecordMixin, audited_views.Edit):
    pass


class RecordHistory(OfficeRecordMixin, HistoryView):
    pass


class RecordUsage(OfficeRecordMixin, UsageView):
    pass


class RecordFilterSet(WagtailFilterSet):
    without_report = django_filters.BooleanFilter(label="受講済みで報告がない", method="filter_without_report")

    def filter_without_report(
        self, queryset: QuerySet[TrainingRecord], name: str, value: bool | None
    ) -> QuerySet[TrainingRecord]:
        if value is None:
            return queryset
        unreported = TrainingRecord.objects.without_report().values("pk")
        return queryset.filter(pk__in=unreported) if value else queryset.exclude(pk__in=unreported)

    class Meta:
        model = TrainingRecord
        fields = ["status", "fiscal_year", "obligation", "origin", "used"]


class RecordForm(WagtailAdminModelForm):
    """Saves through `editing.save_record`, so that the record counts for paths in the same transaction."""

    def save(self, commit: bool = True) -> TrainingRecord:
        record: TrainingRecord = super().save(commit=False)
        if commit:
            editing.save_record(record=record)
            self._save_m2m()
        return record


class RecordDelete(OfficeRecordMixin, audited_views.Delete):
    """A deleted record stops counting for the paths of its person."""

    def delete_action(self) -> None:
        super().delete_action()
        recording.record_changed(self.object)


class RecordViewSet(audited_views.OfficeViewSet):
    model = TrainingRecord
    icon = "clipboard-list"
    menu_label = "受講記録"
    list_display = [
        "__str__",
        Column("person", label="職員", sort_key="person__kana"),
        "status",
        Column(
            "fiscal_year",
            label="年度",
            sort_key="fiscal_year",
            accessor=lambda record: fiscal_year_label(record.fiscal_year),
        ),
        Column("report_id", label="報告", accessor=lambda record: "あり" if record.report_id else ""),
    ]
    related = ("person", "course")
    filterset_class = RecordFilterSet
    search_fields = ["free_title", "course__title", "person__name", "person__kana"]
    index_view_class = RecordListing
    edit_view_class = RecordEdit
    delete_view_class = RecordDelete
    history_view_class = RecordHistory
    usage_view_class = RecordUsage
    #: Without `shared`: only the person decides whether a manager sees the record.
    edit_handler = ObjectList(
        [
            FieldPanel("person"),
            MultiFieldPanel(
                [
                    FieldPanel("course", help_text="目録にある研修は、ここで選びます。"),
                    FieldRowPanel([FieldPanel("free_title"), FieldPanel("organiser")]),
                ],
                heading="どの研修",
            ),
            FieldRowPanel([FieldPanel("starts_on"), FieldPanel("ends_on"), FieldPanel("hours")]),
            FieldRowPanel([FieldPanel("obligation"), FieldPanel("status"), FieldPanel("score")]),
            FieldRowPanel([FieldPanel("certificate_no"), FieldPanel("expires_on")]),
            MultiFieldPanel([FieldPanel("use_plan"), FieldPanel("used"), FieldPanel("used_note")], heading="活用"),
        ],
        base_form_class=RecordForm,
    )


class LearningGroup(ModelViewSetGroup):
    menu_label = "研修"
    menu_icon = "calendar-check"
    menu_order = 300
    items = (CourseViewSet, RecordViewSet)


@hooks.register("register_admin_viewset")
def register_learning() -> LearningGroup:
    return LearningGroup()


class OpenReports(Component):
    """The number of attended trainings without a report, with a link to the list, without names."""

    name = "open_reports"
    order = 20
    template_name = "learning/office_open_reports.html"

    def get_context_data(self, parent_context: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "count": permissions.office_records().without_report().count(),
            "url": f"{reverse('trainingrecord:index')}?without_report=true",
        }


@hooks.register("construct_homepage_panels", order=10)
def open_reports(request: HttpRequest, panels: list[Component]) -> None:
    if reader_for(request.user).roles & {"training", "km"}:
        panels.append(OpenReports())
