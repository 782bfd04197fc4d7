"""The group 「組織」 of the admin. The knowledge office and the personnel office edit people, units, posts, appointments
and duties here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Model, Q, QuerySet
from wagtail import hooks
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.admin.viewsets.model import ModelViewSetGroup

from organization import clock
from organization.admin import audited_views
from organization.admin.choosers import CHOOSERS
from organization.models import Appointment, Duty, OrgEvent, OrgUnit, OrgUnitVersion, Person, Post
from organization.units.tree import unit_tree


def in_force(queryset: QuerySet[Model], name: str, value: bool | None) -> QuerySet[Any]:
    """Filter method for rows with `starts_on` and `ends_on`. True selects rows that are in force today, False all
    other rows."""
    if value is None:
        return queryset
    day = clock.today()
    current = Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day))
    return queryset.filter(current if value else ~current)


class PersonFilterSet(WagtailFilterSet):
    in_service = django_filters.BooleanFilter(label="在職中", method="filter_in_service")

    def filter_in_service(self, queryset: QuerySet[Model], name: str, value: bool | None) -> QuerySet[Any]:
        in_service = Q(left_on__isnull=True) | Q(left_on__gte=clock.today())
        return queryset if value is None else queryset.filter(in_service if value else ~in_service)

    class Meta:
        model = Person
        fields = ["employment"]


class PersonViewSet(audited_views.OfficeViewSet):
    model = Person
    icon = "user"
    menu_label = "職員"
    index_view_class = audited_views.PeopleListing
    list_display = [
        "name",
        "kana",
        "staff_no",
        Column("posts", label="今の職", accessor=lambda person: "、".join(str(row.post) for row in person.held_today)),
        "employment",
        "joined_on",
        "left_on",
        Column("user", label="ログインID", sort_key="user__login"),
    ]
    related = ("user",)
    filterset_class = PersonFilterSet
    search_fields = ["name", "kana", "staff_no", "user__login"]
    panels = [
        FieldRowPanel([FieldPanel("name"), FieldPanel("kana")]),
        FieldRowPanel([FieldPanel("staff_no"), FieldPanel("employment")]),
        FieldRowPanel([FieldPanel("joined_on"), FieldPanel("left_on")]),
        FieldPanel("user"),
    ]


class UnitFilterSet(WagtailFilterSet):
    standing = django_filters.BooleanFilter(label="今ある所属", method="filter_standing")

    def filter_standing(self, queryset: QuerySet[Model], name: str, value: bool | None) -> QuerySet[Any]:
        tree = unit_tree()
        pks = [pk for pk in tree.units if tree.is_in_force(pk)]
        if value is None:
            return queryset
        return queryset.filter(pk__in=pks) if value else queryset.exclude(pk__in=pks)

    class Meta:
        model = OrgUnit
        fields = ["kind"]


def _parent_name(unit: OrgUnit) -> str:
    tree = unit_tree()
    parent = tree.parent(unit.pk)
    return tree.name(parent) if parent is not None else ""


def _successor_name(unit: OrgUnit) -> str:
    tree = unit_tree()
    successor = tree.successor(unit.pk)
    return tree.name(successor) if successor != unit.pk else ""


class UnitViewSet(audited_views.OfficeViewSet):
    model = OrgUnit
    icon = "group"
    menu_label = "所属"
    list_display = [
        "__str__",
        Column("code", label="所属コード", sort_key="code"),
        "kind",
        Column("above", label="上位の所属", accessor=_parent_name),
        BooleanColumn("standing", label="今ある", accessor=lambda unit: unit_tree().is_in_force(unit.pk)),
        Column("heir", label="今の後継", accessor=_successor_name),
    ]
    filterset_class = UnitFilterSet
    search_fields = ["code", "versions__name", "versions__short", "versions__kana"]
    panels = [FieldRowPanel([FieldPanel("code"), FieldPanel("kind")])]


class VersionViewSet(audited_views.OfficeViewSet):
    model = OrgUnitVersion
    icon = "history"
    menu_label = "名称の移り変わり"
    list_display = ["name", "short", "kana", "unit", "parent", "valid_from", "valid_to"]
    list_filter = {"unit__kind": ["exact"], "valid_from": ["gte", "lte"]}
    search_fields = ["name", "short", "kana", "unit__code"]
    related = ("unit", "parent")
    panels = [
        FieldPanel("unit"),
        FieldPanel("name"),
        FieldRowPanel([FieldPanel("short"), FieldPanel("kana")]),
        FieldPanel("parent"),
        FieldRowPanel([FieldPanel("valid_from"), FieldPanel("valid_to")]),
    ]


def _names_before(event: OrgEvent) -> str:
    """Returns the units that existed before the event, with the names that they had on the day before."""
    tree, eve = unit_tree(), event.effective_on - timedelta(days=1)
    return "、".join(tree.name_on(unit.pk, eve) for unit in event.from_units.all())


def _names_after(event: OrgEvent) -> str:
    tree = unit_tree()
    return "、".join(tree.name_on(unit.pk, event.effective_on) for unit in event.to_units.all())


class EventViewSet(audited_views.OfficeViewSet):
    model = OrgEvent
    icon = "rotate"
    menu_label = "組織改正"
    list_display = [
        "kind",
        "effective_on",
        Column("before", label="改正前", accessor=_names_before),
        Column("after", label="改正後", accessor=_names_after),
        "main_successor",
    ]
    list_filter = ["kind", "effective_on"]
    index_view_class = audited_views.EventListing
    related = ("main_successor",)
    panels = [
        FieldRowPanel([FieldPanel("kind"), FieldPanel("effective_on")]),
        MultiFieldPanel(
            [
                FieldPanel("from_units", widget=forms.CheckboxSelectMultiple),
                FieldPanel("to_units", widget=forms.CheckboxSelectMultiple),
                FieldPanel("main_successor"),
            ],
            heading="どの所属が、どうなったか",
            help_text="名称の移り変わりも合わせて直してください。古い名称は、検索のためにいつまでも残ります。",
        ),
    ]


class PostViewSet(audited_views.OfficeViewSet):
    model = Post
    icon = "tag"
    menu_label = "職"
    list_display = ["title", "unit", BooleanColumn("is_head", label="所属長の職", sort_key="is_head")]
    list_filter = ["is_head", "unit__kind"]
    search_fields = ["title", "unit__code", "unit__versions__name"]
    related = ("unit",)
    panels = [FieldPanel("unit"), FieldRowPanel([FieldPanel("title"), FieldPanel("is_head")])]


class AppointmentFilterSet(WagtailFilterSet):
    now = django_filters.BooleanFilter(label="今の発令", method=in_force)

    class Meta:
        model = Appointment
        fields = ["kind", "starts_on"]


class AppointmentViewSet(audited_views.OfficeViewSet):
    model = Appointment
    icon = "calendar-alt"
    menu_label = "発令"
    index_view_class = audited_views.AppointmentListing
    edit_view_class = audited_views.AppointmentEdit
    delete_view_class = audited_views.AppointmentDelete
    history_view_class = audited_views.AppointmentHistory
    usage_view_class = audited_views.AppointmentUsage
    list_display = ["person", "post", "kind", "starts_on", "ends_on", "announced_on"]
    filterset_class = AppointmentFilterSet
    search_fields = ["person__name", "person__kana", "person__staff_no", "post__title"]
    related = ("person", "post__unit")
    panels = [
        FieldPanel("person"),
        FieldPanel("post"),
        FieldPanel("kind"),
        FieldRowPanel([FieldPanel("starts_on"), FieldPanel("ends_on")]),
        FieldPanel("announced_on"),
    ]


class DutyFilterSet(WagtailFilterSet):
    now = django_filters.BooleanFilter(label="今の役割", method=in_force)

    class Meta:
        model = Duty
        fields = ["role"]


class DutyViewSet(audited_views.OfficeViewSet):
    model = Duty
    icon = "key"
    menu_label = "役割"
    list_display = ["post", "role", "scope", "starts_on", "ends_on"]
    filterset_class = DutyFilterSet
    search_fields = ["post__title", "post__unit__versions__name"]
    related = ("post__unit", "scope")
    panels = [
        FieldPanel("post"),
        FieldRowPanel([FieldPanel("role"), FieldPanel("scope")]),
        FieldRowPanel([FieldPanel("starts_on"), FieldPanel("ends_on")]),
    ]


class OrganizationGroup(ModelViewSetGroup):
    menu_label = "組織"
    menu_icon = "group"
    menu_order = 200
    items = (PersonViewSet, UnitViewSet, VersionViewSet, EventViewSet, PostViewSet, AppointmentViewSet, DutyViewSet)


@hooks.register("register_admin_viewset")
def register_organization() -> list[Any]:
    return [OrganizationGroup(), *CHOOSERS]
