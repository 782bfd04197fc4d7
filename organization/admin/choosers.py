"""Choosers of the admin. A select box cannot show 20,000 people, so a chooser lets the user search for them by
words."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import Model, Q, QuerySet
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.views.generic import chooser
from wagtail.admin.viewsets.chooser import ChooserViewSet

from organization.accounts import SERVICE_LOGIN
from organization.models import OrgUnit, Person, Post, User


class WordFilterForm(BaseFilterForm):
    """A form with one search box. A row matches if each word of the search occurs in at least one of the row's
    columns."""

    columns: ClassVar[tuple[str, ...]] = ()
    q = forms.CharField(label="さがす言葉", required=False)

    def filter(self, objects: QuerySet[Model]) -> QuerySet[Any]:
        objects = super().filter(objects)
        query = self.cleaned_data.get("q", "")
        for word in query.split():
            matching = Q()
            for column in self.columns:
                matching |= Q(**{f"{column}__icontains": word})
            objects = objects.filter(matching)
        if query:
            self.is_searching, self.search_query = True, query
        return objects.distinct()


def make_chooser(
    model_class: type[Model], name: str, noun: str, search_columns: tuple[str, ...], related: tuple[str, ...] = ()
) -> ChooserViewSet:
    """Returns a chooser for rows of `model_class`. The chooser searches `search_columns`. `noun` is the word for one
    row.

    `related` names the foreign keys that are needed to show a row as text.
    """

    class Form(WordFilterForm):
        columns = search_columns

    class SearchedRows:
        filter_form_class = Form

        def get_object_list(self) -> QuerySet[Model]:
            rows = model_class._default_manager.select_related(*related)
            return rows.exclude(login=SERVICE_LOGIN) if model_class is User else rows

    class Choose(SearchedRows, chooser.ChooseView):
        pass

    class Results(SearchedRows, chooser.ChooseResultsView):
        pass

    class Chooser(ChooserViewSet):
        model = model_class
        icon = "search"
        choose_one_text = f"{noun}を選ぶ"
        choose_another_text = f"別の{noun}を選ぶ"
        edit_item_text = f"この{noun}を直す"
        choose_view_class = Choose
        choose_results_view_class = Results

    return Chooser(name)


CHOOSERS = (
    make_chooser(Person, "person_chooser", "職員", ("name", "kana", "staff_no")),
    make_chooser(OrgUnit, "unit_chooser", "所属", ("code", "versions__name", "versions__short", "versions__kana")),
    make_chooser(Post, "post_chooser", "職", ("title", "unit__code", "unit__versions__name"), ("unit",)),
    make_chooser(User, "user_chooser", "利用者", ("login", "last_name", "first_name")),
)
