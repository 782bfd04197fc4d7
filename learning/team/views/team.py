"""所属の学び: people × paths of the own staff, the rows behind each number, and the rows as a file.

Heads see their current staff, the training office any unit. Users who manage nobody get 404.
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

from imports.spreadsheets import as_file
from learning.access import permissions
from learning.assignments import eligible_people, proposals
from learning.cache import figure_cache
from learning.models import STANDINGS, Assignment
from learning.paths.titles import PathTitles
from learning.progress.confirmations import waiting_for
from learning.team import matrix
from learning.team.export import sheet_of
from learning.team.matrix import MAX_COLUMNS, WHO, TeamFilter
from learning.team.views import member
from learning.templatetags.standing import badge_cells
from organization import audit
from organization.models import Person
from organization.policy import Viewer

PEOPLE = 40
ROWS = 50


@dataclass(frozen=True)
class TeamRow:
    """A person of the grid, with the cells as they are drawn: a grid has hundreds."""

    person: Person
    url: str
    place: matrix.Place
    cells: SafeString


def filter_from(request: HttpRequest) -> TeamFilter:
    """The filter in the address; unknown values are ignored."""

    def text_of(name: str) -> str:
        return request.GET.get(name, "").replace("\x00", "").strip()[:60]

    standing, who = text_of("standing"), text_of("who")
    return TeamFilter(
        unit=text_of("unit"),
        path=text_of("path"),
        standing=standing if standing in STANDINGS else "",
        who=who if who in WHO else "",
        q=text_of("q"),
    )


def link(name: str, asked: TeamFilter, **other: Any) -> str:
    """The address of a page for the same people, with `other` instead."""
    parameters = {key: value for key, value in {**asdict(asked), **other}.items() if value}
    return reverse(name) + (f"?{urlencode(parameters)}" if parameters else "")


def require_manager(request: HttpRequest) -> None:
    if not (permissions.is_manager(request.user) or permissions.is_office(request.user)):
        raise Http404


def page_links(page: Page[Any], name: str, asked: TeamFilter, unit: str) -> dict[str, Any]:
    """The way to the pages before and after, with the filters kept."""
    return {
        "summary": f"{page.paginator.count:,}{unit}中 {page.start_index():,}–{page.end_index():,}{unit}",
        "previous_url": link(name, asked, page=page.previous_page_number()) if page.has_previous() else "",
        "next_url": link(name, asked, page=page.next_page_number()) if page.has_next() else "",
    }


@login_required
def team(request: HttpRequest) -> HttpResponse:
    require_manager(request)
    user, asked = request.user, filter_from(request)
    of_team = matrix.Team(user, asked)
    summary = of_team.summary()
    page = Paginator(of_team.people(), PEOPLE).get_page(request.GET.get("page"))
    people = list(Person.objects.filter(pk__in=page.object_list).order_by("kana", "pk"))
    columns = summary.columns[:MAX_COLUMNS]
    context = {
        **_frame(request, asked, summary),
        "stats": [
            {"label": word, "value": summary.totals[name], "url": link("team_rows", asked, standing=name)}
            for name, word in STANDINGS.items()
        ],
        "people_count": page.paginator.count,
        "columns": columns,
        "wider": len(summary.columns) - len(columns),
        "lines": list(_lines(of_team, people, [column.pk for column in columns])),
        "turn": page_links(page, "team", asked, "人"),
        "rows_url": link("team_rows", asked),
        **figure_cache.cached(("to do", user.pk, asked.unit), lambda: _to_do(user, asked)),
        "assign_newcomers": f"{reverse('assign')}?{urlencode({'newcomers': 1, 'transferred': 1, 'unit': asked.unit})}",
    }
    return render(request, "learning/team.html", context)


def _to_do(user: Viewer, asked: TeamFilter) -> dict[str, Any]:
    """What waits for this head."""
    return {
        "waiting": waiting_for(user).count(),
        "newcomers": matrix.newcomers_count(user, asked),
        "arrivals": eligible_people.arrivals(user),
        "proposals": proposals.open_for(user).count(),
    }


def _frame(request: HttpRequest, asked: TeamFilter, summary: matrix.Summary) -> dict[str, Any]:
    """What the filters show."""
    return {
        "asked": asked,
        "is_filtered": any(asdict(asked).values()),
        "units": eligible_people.unit_choices(request.user),
        "paths": [one for one in summary.paths if one.public_id],
        "standings": STANDINGS.items(),
        "whos": WHO.items(),
    }


def _lines(of_team: matrix.Team, people: list[Person], paths: list[int]) -> Iterator[TeamRow]:
    """The newest standing of each of these people and paths; whatever standing the people were chosen by."""
    where, rows = matrix.places(people), of_team.cells([person.pk for person in people])
    for person in people:
        url = reverse("team_person", args=[person.uid])
        cells_by_path = [rows.get((person.pk, path)) for path in paths]
        cells = badge_cells(((row[3], row[0]) if row else None for row in cells_by_path), url, person.name)
        yield TeamRow(person, url, where.get(person.pk, matrix.Place()), cells)


@login_required
def team_rows(request: HttpRequest) -> HttpResponse:
    """The assignments behind a number."""
    require_manager(request)
    user, asked = request.user, filter_from(request)
    of_team = matrix.Team(user, asked)
    summary = of_team.summary()
    assignments = of_team.rows().select_related("person").order_by("due_on", "person__kana", "pk")
    page = Paginator(assignments, ROWS).get_page(request.GET.get("page"))
    visible = list(page.object_list)
    where = matrix.places([row.person for row in visible])
    titles = {column.pk: column.title for column in summary.paths}
    context = {
        **_frame(request, asked, summary),
        "count": page.paginator.count,
        "rows": [
            (row, _row_url(row), where.get(row.person_id, matrix.Place()), titles[row.path_id]) for row in visible
        ],
        "turn": page_links(page, "team_rows", asked, "件"),
        "exports": [(kind, link("team_export", asked, format=kind)) for kind in ("csv", "xlsx")],
        "trail": [{"url": reverse("team"), "label": "所属の学び"}, {"url": "", "label": "割当の一覧"}],
    }
    return render(request, "learning/team_rows.html", context)


def _row_url(row: Assignment) -> str:
    return f"{reverse('team_person', args=[row.person.uid])}#a-{row.pk}"


@login_required
def team_export(request: HttpRequest) -> HttpResponseBase:
    """The same rows as a file: CSV that Excel reads, or xlsx."""
    require_manager(request)
    user, asked = request.user, filter_from(request)
    kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    assignments = list(
        matrix.Team(user, asked).rows().select_related("person").order_by("due_on", "person__kana", "pk")
    )
    sheet = sheet_of(assignments, PathTitles(user, [row.path_id for row in assignments]))
    audit.record(actor=user, action="team.exported", obj=user, after={"rows": len(assignments), "format": kind})  # type: ignore[arg-type]
    return as_file(kind, "shozoku-manabi", sheet)


urlpatterns: list[URLPattern] = [
    path("team/", team, name="team"),
    path("team/rows/", team_rows, name="team_rows"),
    path("team/export/", team_export, name="team_export"),
    *member.urlpatterns,
]
