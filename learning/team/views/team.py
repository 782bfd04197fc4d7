"""所属の学び: the matrix of people and paths, the assignments behind each number, and these assignments as a file.

Heads see their current staff. The training office sees any unit. Users who manage nobody get a 404.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from imports.downloads import as_file
from learning.access import permissions
from learning.access.requests import user_of
from learning.assignments import eligible_people, proposals
from learning.cache import figure_cache
from learning.models import STANDINGS, Assignment
from learning.paths.titles import PathTitles
from learning.progress.confirmations import waiting_for
from learning.team import matrix
from learning.team.export_rows import sheet_of
from learning.team.matrix import MAX_COLUMNS, PEOPLE_GROUPS, TeamFilter
from learning.team.views import member
from learning.templatetags.standing import badge_cells
from organization import audit
from organization.access_policy import Viewer
from organization.models import Person

PEOPLE_PER_PAGE = 40
ROWS_PER_PAGE = 50


@dataclass(frozen=True)
class TeamRow:
    """One row of the matrix: a person with the cells. The cells are ready-made HTML, because a matrix has hundreds of
    cells.
    """

    person: Person
    url: str
    place: matrix.Place
    cells: SafeString


def filter_from(request: HttpRequest) -> TeamFilter:
    """Returns the filter that the address contains. Unknown values are ignored."""

    def text_of(name: str) -> str:
        return request.GET.get(name, "").replace("\x00", "").strip()[:60]

    standing, who = text_of("standing"), text_of("who")
    return TeamFilter(
        unit=text_of("unit"),
        path=text_of("path"),
        standing=standing if standing in STANDINGS else "",
        who=who if who in PEOPLE_GROUPS else "",
        q=text_of("q"),
    )


def filtered_url(name: str, team_filter: TeamFilter, **other: Any) -> str:
    """Returns the address of the view `name` with the filter as parameters. The values in `other` replace values of the
    filter.
    """
    parameters = {key: value for key, value in {**asdict(team_filter), **other}.items() if value}
    return reverse(name) + (f"?{urlencode(parameters)}" if parameters else "")


def require_manager(request: HttpRequest) -> None:
    if not (permissions.is_manager(request.user) or permissions.is_office(request.user)):
        raise Http404


def page_links(page: Page[Any], name: str, team_filter: TeamFilter, unit: str) -> dict[str, Any]:
    """Returns the links to the previous and the next page with the same filter, and a summary. `unit` is the counter
    word of the summary.
    """
    return {
        "summary": f"{page.paginator.count:,}{unit}中 {page.start_index():,}–{page.end_index():,}{unit}",
        "previous_url": filtered_url(name, team_filter, page=page.previous_page_number())
        if page.has_previous()
        else "",
        "next_url": filtered_url(name, team_filter, page=page.next_page_number()) if page.has_next() else "",
    }


@login_required
def team_page(request: HttpRequest) -> HttpResponse:
    require_manager(request)
    user, team_filter = request.user, filter_from(request)
    matrix_team = matrix.Team(user, team_filter)
    summary = matrix_team.summary()
    page = Paginator(matrix_team.people(), PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    people = list(Person.objects.filter(pk__in=page.object_list).order_by("kana", "pk"))
    columns = summary.columns[:MAX_COLUMNS]
    context = {
        **_filter_context(request, team_filter, summary),
        "stats": [
            {"label": word, "value": summary.totals[name], "url": filtered_url("team_rows", team_filter, standing=name)}
            for name, word in STANDINGS.items()
        ],
        "people_count": page.paginator.count,
        "columns": columns,
        "wider": len(summary.columns) - len(columns),
        "lines": list(_matrix_rows(matrix_team, people, [column.pk for column in columns])),
        "turn": page_links(page, "team", team_filter, "人"),
        "rows_url": filtered_url("team_rows", team_filter),
        **figure_cache.cached(("to do", user.pk, team_filter.unit), lambda: _open_tasks(user, team_filter)),
        "assign_newcomers": f"{reverse('assign')}?{urlencode({'newcomers': 1, 'transferred': 1, 'unit': team_filter.unit})}",
    }
    return render(request, "learning/team.html", context)


def _open_tasks(user: Viewer, team_filter: TeamFilter) -> dict[str, Any]:
    """Returns the tasks that wait for this user: mostly numbers, for the days of arrival a list."""
    return {
        "waiting": waiting_for(user).count(),
        "newcomers": matrix.newcomers_count(user, team_filter),
        "arrivals": eligible_people.arrivals(user),
        "proposals": proposals.open_for(user).count(),
    }


def _filter_context(request: HttpRequest, team_filter: TeamFilter, summary: matrix.Summary) -> dict[str, Any]:
    """Returns the template context of the filter form."""
    return {
        "team_filter": team_filter,
        "is_filtered": any(asdict(team_filter).values()),
        "units": eligible_people.unit_choices(request.user),
        "paths": [column for column in summary.paths if column.public_id],
        "standings": STANDINGS.items(),
        "whos": PEOPLE_GROUPS.items(),
    }


def _matrix_rows(matrix_team: matrix.Team, people: list[Person], paths: list[int]) -> Iterator[TeamRow]:
    """Returns the rows of the matrix. A cell always shows the newest standing, even if the filter selects another
    standing.
    """
    places, rows = matrix.places(people), matrix_team.cells([person.pk for person in people])
    for person in people:
        url = reverse("team_person", args=[person.uid])
        cells_by_path = [rows.get((person.pk, path)) for path in paths]
        cells = badge_cells(((row[3], row[0]) if row else None for row in cells_by_path), url, person.name)
        yield TeamRow(person, url, places.get(person.pk, matrix.Place()), cells)


@login_required
def team_rows_page(request: HttpRequest) -> HttpResponse:
    """Shows the assignments that a number on the team page counts."""
    require_manager(request)
    user, team_filter = request.user, filter_from(request)
    matrix_team = matrix.Team(user, team_filter)
    summary = matrix_team.summary()
    assignments = matrix_team.rows().select_related("person").order_by("due_on", "person__kana", "pk")
    page = Paginator(assignments, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    visible = list(page.object_list)
    places = matrix.places([row.person for row in visible])
    titles = {column.pk: column.title for column in summary.paths}
    context = {
        **_filter_context(request, team_filter, summary),
        "count": page.paginator.count,
        "rows": [
            (row, _row_url(row), places.get(row.person_id, matrix.Place()), titles[row.path_id]) for row in visible
        ],
        "turn": page_links(page, "team_rows", team_filter, "件"),
        "exports": [(kind, filtered_url("team_export", team_filter, format=kind)) for kind in ("csv", "xlsx")],
        "trail": [{"url": reverse("team"), "label": "所属の学び"}, {"url": "", "label": "割当の一覧"}],
    }
    return render(request, "learning/team_rows.html", context)


def _row_url(row: Assignment) -> str:
    return f"{reverse('team_person', args=[row.person.uid])}#a-{row.pk}"


@login_required
def export_team(request: HttpRequest) -> HttpResponseBase:
    """Downloads the rows of the team page as a file: xlsx, or CSV that Excel can read."""
    require_manager(request)
    user, team_filter = request.user, filter_from(request)
    kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    assignments = list(
        matrix.Team(user, team_filter).rows().select_related("person").order_by("due_on", "person__kana", "pk")
    )
    sheet = sheet_of(assignments, PathTitles(user, [row.path_id for row in assignments]))
    account = user_of(request)
    audit.record(actor=account, action="team.exported", obj=account, after={"rows": len(assignments), "format": kind})
    return as_file(kind, "shozoku-manabi", sheet)


urlpatterns: list[URLPattern] = [
    path("team/", team_page, name="team"),
    path("team/rows/", team_rows_page, name="team_rows"),
    path("team/export/", export_team, name="team_export"),
    *member.urlpatterns,
]
