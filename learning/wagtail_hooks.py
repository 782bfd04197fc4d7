"""The admin of the training office: the catalogue and the records."""

from wagtail import hooks
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup

from learning.models import TrainingCourse, TrainingRecord


class CourseViewSet(ModelViewSet):
    model = TrainingCourse
    icon = "openquote"
    menu_label = "研修"
    list_display = ["code", "title", "provider", "type", "obligation", "hours"]
    list_filter = ["provider", "type", "obligation"]
    search_fields = ["code", "title"]
    form_fields = ["code", "title", "provider", "type", "obligation", "hours", "valid_months"]


class RecordViewSet(ModelViewSet):
    model = TrainingRecord
    icon = "clipboard-list"
    menu_label = "受講記録"
    list_display = ["title", "person", "starts_on", "status", "fiscal_year"]
    list_filter = ["status", "fiscal_year", "obligation"]
    search_fields = ["free_title", "course__title", "person__name"]
    form_fields = [
        "person",
        "course",
        "free_title",
        "organiser",
        "starts_on",
        "ends_on",
        "hours",
        "obligation",
        "status",
    ]


class LearningGroup(ModelViewSetGroup):
    menu_label = "研修"
    menu_icon = "openquote"
    menu_order = 300
    items = (CourseViewSet, RecordViewSet)


@hooks.register("register_admin_viewset")
def register_learning() -> LearningGroup:
    return LearningGroup()
