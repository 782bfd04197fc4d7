"""Choosers of the admin: 20,000 people do not fit into a select box, so they are found by a word."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import Model, Q, QuerySet
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.views.generic import chooser
from wagtail.admin.viewsets.chooser import ChooserViewSet

from organization.accounts import SERVICE_LOGIN
from organization.models import OrgUnit, Person, Post, User


class WordForm(BaseFilterForm):
    """One box; every word must stand somewhere in the row."""

    columns: ClassVar[tuple[str, ...]] = ()
    q = forms.CharField(label="さがす言葉", required=False)

    def filter(self, objects: QuerySet[Any]) -> QuerySet[Any]:
        objects = super().filter(objects)
        typed = self.cleaned_data.get("q", "")
        for word in typed.split():
            matching = Q()
            for column in self.columns:
                matching |= Q(**{f"{column}__icontains": word})
            objects = objects.filter(matching)
        if typed:
            self.is_searching, self.search_query = True, typed
        return objects.distinct()


def make(
    of: type[Model], name: str, what: str, look_in: tuple[str, ...], related: tuple[str, ...] = ()
) -> ChooserViewSet:
    """A chooser of rows of `of`, searched in the columns `look_in`."""

    class Form(WordForm):
        columns = look_in

    class Listed:
        filter_form_class = Form

        def get_object_list(self) -> QuerySet[Any]:
            matching = of._default_manager.select_related(*related)
            return matching.exclude(login=SERVICE_LOGIN) if of is User else matching

    class Choose(Listed, chooser.ChooseView):
        pass

    class Results(Listed, chooser.ChooseResultsView):
        pass

    class Chooser(ChooserViewSet):
        model = of
        icon = "search"
        choose_one_text = f"{what}を選ぶ"
        choose_another_text = f"別の{what}を選ぶ"
        edit_item_text = f"この{what}を直す"
        choose_view_class = Choose
        choose_results_view_class = Results

    return Chooser(name)


CHOOSERS = (
    make(Person, "person_chooser", "職員", ("name", "kana", "staff_no")),
    make(OrgUnit, "unit_chooser", "所属", ("code", "versions__name", "versions__short", "versions__kana")),
    make(Post, "post_chooser", "職", ("title", "unit__code", "unit__versions__name"), ("unit",)),
    make(User, "user_chooser", "利用者", ("login", "last_name", "first_name")),
)
