"""The admin of people and units: lists with columns and filters, in Japanese."""

from __future__ import annotations

from wagtail import hooks
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup

from organization.models import Appointment, Duty, OrgEvent, OrgUnit, OrgUnitVersion, Person, Post


class PersonViewSet(ModelViewSet):
    model = Person
    icon = "user"
    menu_label = "職員"
    list_display = ["name", "kana", "staff_no", "employment", "joined_on", "left_on"]
    list_filter = ["employment"]
    search_fields = ["name", "kana", "staff_no"]
    form_fields = ["name", "kana", "staff_no", "employment", "user", "joined_on", "left_on"]


class UnitViewSet(ModelViewSet):
    model = OrgUnit
    icon = "group"
    menu_label = "所属"
    list_display = ["label", "code", "kind"]
    list_filter = ["kind"]
    search_fields = ["code", "versions__name"]
    form_fields = ["code", "kind"]


class VersionViewSet(ModelViewSet):
    model = OrgUnitVersion
    icon = "history"
    menu_label = "名称の移り変わり"
    list_display = ["name", "short", "kana", "parent", "valid_from", "valid_to"]
    list_filter = ["unit__kind"]
    search_fields = ["name", "short", "kana"]
    form_fields = ["unit", "name", "short", "kana", "parent", "valid_from", "valid_to"]


class EventViewSet(ModelViewSet):
    model = OrgEvent
    icon = "rotate"
    menu_label = "組織改正"
    list_display = ["kind", "effective_on", "main_successor"]
    list_filter = ["kind"]
    form_fields = ["kind", "effective_on", "from_units", "to_units", "main_successor"]


class PostViewSet(ModelViewSet):
    model = Post
    icon = "tag"
    menu_label = "職"
    list_display = ["title", "unit", "is_head"]
    list_filter = ["is_head", "unit"]
    search_fields = ["title"]
    form_fields = ["unit", "title", "is_head"]


class AppointmentViewSet(ModelViewSet):
    model = Appointment
    icon = "calendar-alt"
    menu_label = "発令"
    list_display = ["person", "post", "kind", "starts_on", "ends_on", "announced_on"]
    list_filter = ["kind"]
    search_fields = ["person__name", "person__kana", "person__staff_no"]
    form_fields = ["person", "post", "kind", "starts_on", "ends_on", "announced_on"]


class DutyViewSet(ModelViewSet):
    model = Duty
    icon = "key"
    menu_label = "役割"
    list_display = ["post", "role", "scope", "starts_on", "ends_on"]
    list_filter = ["role"]
    form_fields = ["post", "role", "scope", "starts_on", "ends_on"]


class OrganizationGroup(ModelViewSetGroup):
    menu_label = "組織"
    menu_icon = "group"
    menu_order = 200
    items = (PersonViewSet, UnitViewSet, VersionViewSet, EventViewSet, PostViewSet, AppointmentViewSet, DutyViewSet)


@hooks.register("register_admin_viewset")
def register_organization() -> OrganizationGroup:
    return OrganizationGroup()
