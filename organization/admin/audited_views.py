"""The views of the group 「組織」 in the admin.

These views add three things to Wagtail's views: audit events, limits on deletion, and the rule for appointments that
are not announced yet (内示). Every change writes an audit event in the same transaction. A row cannot be deleted while
other rows refer to it. Units, posts and people are not deleted: they get an end date (I17).
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Model, Prefetch, ProtectedError, QuerySet
from django.forms import Form
from django.forms.models import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from wagtail.admin.views import generic
from wagtail.admin.views.generic.history import HistoryView
from wagtail.admin.views.generic.usage import UsageView
from wagtail.admin.viewsets.model import ModelViewSet

from organization import audit, clock
from organization.appointments import held_on
from organization.models import Appointment
from organization.requests import user_of


def audited_values(row: Model) -> dict[str, Any]:
    """Returns the row's columns and links as plain values, for the audit event."""
    return {
        name: [getattr(linked, "pk", linked) for linked in value]
        if isinstance(value, list)
        else (value if value is None else str(value))
        for name, value in model_to_dict(row).items()
        if name != row._meta.pk.name
    }


class Listing(generic.IndexView):
    #: The foreign keys that the columns show. The linked rows are fetched together with the rows.
    related: tuple[str, ...] = ()

    def get_base_queryset(self) -> QuerySet[Model]:
        return super().get_base_queryset().select_related(*self.related)


class Add(generic.CreateView):
    def save_instance(self) -> Model:
        row = super().save_instance()
        audit.record(
            actor=self.request.user, action=f"{row._meta.model_name}.added", obj=row, after=audited_values(row)
        )
        return row


class Edit(generic.EditView):
    def save_instance(self) -> Model:
        before = audited_values(self.model._default_manager.get(pk=self.object.pk))
        row = super().save_instance()
        after = audited_values(row)
        audit.record(
            actor=self.request.user,
            action=f"{row._meta.model_name}.changed",
            obj=row,
            before={name: value for name, value in before.items() if after.get(name) != value},
            after={name: value for name, value in after.items() if before.get(name) != value},
        )
        return row


class Delete(generic.DeleteView):
    def form_valid(self, form: Form) -> HttpResponse:
        try:
            with transaction.atomic():
                audit.record(
                    actor=self.request.user,
                    action=f"{self.object._meta.model_name}.deleted",
                    obj=self.object,
                    before=audited_values(self.object),
                )
                return super().form_valid(form)
        except ProtectedError:
            messages.error(
                self.request,
                f"「{self.object}」は、ほかの記録から使われているので消せません。終わりの日を入れてください。",
            )
            return redirect(self.get_success_url())


class PeopleListing(Listing):
    """The list of people, with the posts that they hold today. The posts need one extra query."""

    def get_base_queryset(self) -> QuerySet[Model]:
        today = held_on(clock.today()).select_related("post").order_by("starts_on", "pk")
        return super().get_base_queryset().prefetch_related(Prefetch("appointments", today, to_attr="held_today"))


class EventListing(Listing):
    """The list of events with their units. The units need two extra queries."""

    def get_base_queryset(self) -> QuerySet[Model]:
        return super().get_base_queryset().prefetch_related("from_units", "to_units")


class AnnouncedOnly:
    """Mixin for views of one appointment. Before the announcement (内示, I8) everybody except the superuser gets 404."""

    request: HttpRequest

    def may_see(self, row: Appointment) -> bool:
        return user_of(self.request).is_superuser or row.announced_on <= clock.today()

    def get_object(self, *args: Any, **kwargs: Any) -> Any:
        row = super().get_object(*args, **kwargs)  # type: ignore[misc]
        if not self.may_see(row):
            raise Http404
        return row


class AppointmentListing(Listing):
    def get_base_queryset(self) -> QuerySet[Model]:
        rows = super().get_base_queryset()
        return rows if self.request.user.is_superuser else rows.filter(announced_on__lte=clock.today())


class AppointmentEdit(AnnouncedOnly, Edit):
    pass


class AppointmentDelete(AnnouncedOnly, Delete):
    pass


class AppointmentHistory(AnnouncedOnly, HistoryView):
    pass


class AppointmentUsage(AnnouncedOnly, UsageView):
    pass


class OfficeViewSet(ModelViewSet):
    """Base class of the viewsets. The views write audit events. There is no view to copy a row, because a copied
    person is always a mistake."""

    index_view_class = Listing
    add_view_class = Add
    edit_view_class = Edit
    delete_view_class = Delete
    copy_view_enabled = False
    list_per_page = 50
    related: tuple[str, ...] = ()

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_index_view_kwargs(related=self.related, **kwargs)
