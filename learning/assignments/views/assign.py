"""The two screens on which a path is assigned. The first screen asks for people, reason and due date. The second screen
shows the list of people and saves the assignment. There the user can leave out single people and change single due
dates.

The second screen carries the values of the first screen as hidden fields. So both screens work without JavaScript, and
no typed value is lost. A person whom the assigner does not manage gives the same 404 as an unknown person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, reverse
from django.urls import path as url

from learning.access import permissions
from learning.access.requests import user_of
from learning.assignments import assigning, eligible_people, recipients
from learning.assignments.eligible_people import Candidate
from learning.assignments.forms import REASONS, AssignForm, RecipientRow
from learning.assignments.plan import LeftOut, Order, OutsideUnitError, Plan
from learning.assignments.recipients import GROUPS, MAX_PEOPLE, SelectedPeople
from learning.models import Assignment, LearningPath, PathVersion, Source, Stage
from learning.paths import reading_targets
from learning.paths.labels import UNNAMED
from organization import clock
from organization.models import Person

#: The first screen shows at most this many people. If there are more, the user narrows the list by unit or name.
SHOWN = 200
CARRIED_FIELDS = ("path", "start_on", "unit", "q", "groups", "titles", "people", "reason", "due_on", "bound")
#: The error message when the list has changed and the user has to confirm it again.
LIST_CHANGED = (
    "一覧を作ってから、割り当てられない人が出ました。下の「割り当てない人」を確かめて、もう一度保存してください。"
)


@dataclass
class Screen:
    """One request, with the assigner and the values that were submitted or that are in the link."""

    request: HttpRequest
    data: QueryDict

    @cached_property
    def is_office(self) -> bool:
        return permissions.is_office(self.request.user)

    @cached_property
    def start(self) -> date:
        """Returns the day for which people are listed. Returns today if the submitted value is missing, in the past,
        too far in the future, or not a date.
        """
        try:
            day = date.fromisoformat(self.data.get("start_on") or self.data.get("start") or "")
        except ValueError:
            return clock.today()
        return (
            day if clock.today() <= day <= clock.today().replace(year=clock.today().year + 2, day=1) else clock.today()
        )

    @cached_property
    def paths(self) -> dict[str, LearningPath]:
        """Maps the public id to the path. Contains the paths that can be assigned and that the assigner may read."""
        released = PathVersion.objects.filter(released_at__isnull=False)
        paths = LearningPath.objects.visible_to(self.request.user).filter(stage=Stage.ACTIVE, versions__in=released)
        return {path.public_id: path for path in paths.distinct().order_by("title", "pk")}

    @property
    def path(self) -> LearningPath | None:
        return self.paths.get(self.data.get("path", ""))

    @cached_property
    def units(self) -> frozenset[int] | None:
        """Returns the chosen unit and the units below it. None means all units that the assigner manages."""
        uid = self.data.get("unit", "")
        return eligible_people.unit_ids_below(uid) if uid in dict(self.unit_choices) and uid else None

    @cached_property
    def unit_choices(self) -> list[tuple[str, str]]:
        return [("", "所属を選ぶ" if self.is_office else "すべて"), *eligible_people.unit_choices(self.request.user)]

    @cached_property
    def pool(self) -> list[Candidate]:
        """Returns the people from whom the groups select. Empty for the training office until it has chosen a unit."""
        if self.is_office and self.units is None:
            return []
        return eligible_people.candidates(self.request.user, self.start, units=self.units)

    @cached_property
    def selected(self) -> SelectedPeople:
        """Returns the people who were ticked or were on the list. Raises OutsideUnitError."""
        raw = [*self.data.getlist("people"), *self.data.getlist("listed"), *self.data.getlist("leave")]
        return recipients.select_by_uid(user=user_of(self.request), raw=raw, on=self.start, path=self.path)

    def matches(self) -> list[Candidate]:
        """Returns the people whom the page lists for ticking. If there are search words, these are the people who match
        the words; otherwise the pool.
        """
        q = self.data.get("q", "").replace("\x00", "").strip()[:60]
        if not q:
            return self.pool
        return eligible_people.candidates(self.request.user, self.start, units=self.units, q=q)

    def choices(self) -> dict[str, Any]:
        count = recipients.counts(self.pool) if self.pool or not self.is_office else {}
        titles = sorted({candidate.title for candidate in self.pool})
        return {
            "path": [("", "選んでください"), *((key, path.title) for key, path in self.paths.items())],
            "unit": self.unit_choices,
            "groups": [(key, f"{name}（{count[key]}人）" if count else name) for key, name in GROUPS.items()],
            "titles": [(title, title) for title in titles],
        }

    def form(self) -> AssignForm:
        if self.request.method == "POST":
            return AssignForm(self.data, choices=self.choices())
        groups = [name for name in GROUPS if self.data.get(name)]
        return AssignForm(
            choices=self.choices(),
            initial={
                "path": self.data.get("path", ""),
                "start_on": self.start,
                "unit": self.data.get("unit", ""),
                "groups": groups,
                "bound": "person",
                "reason": REASONS[0] if groups else "",
            },
        )


@login_required
def assign_page(request: HttpRequest) -> HttpResponse:
    if not (permissions.is_manager(request.user) or permissions.is_office(request.user)):
        raise Http404
    screen = Screen(request, request.POST if request.method == "POST" else request.GET)
    try:
        return _handle_post(screen) if request.method == "POST" else _selection_page(screen, screen.form())
    except OutsideUnitError:
        raise Http404 from None


def _handle_post(screen: Screen) -> HttpResponse:
    selected = (
        screen.selected
    )  # The check comes first, so that people of other units and unknown people both give a 404.
    form = screen.form()
    if "narrow" in screen.data or "edit" in screen.data:
        form.clear_errors()
        return _selection_page(screen, form)
    if not form.is_valid():
        return _selection_page(screen, form, status=422)
    saving = "save" in screen.data
    people = _people(screen, form, selected, listed=saving)
    if not saving and not people and not selected.leaving:
        message = (
            "所属を選んでから、まとめて選んでください。" if form.cleaned_data["groups"] and screen.is_office else ""
        )
        form.add_error(
            "groups", ValidationError(message or "だれに割り当てるかを、選んでください。", code="people_required")
        )
    if len(people) > MAX_PEOPLE:
        form.add_error(
            None,
            ValidationError(
                f"一度に割り当てられるのは{MAX_PEOPLE}人までです。今は{len(people)}人です。所属か職で分けてください。",
                code="too_many_people",
            ),
        )
    try:
        order = _order(screen, form)
        planned = assigning.plan(order=order, people=[candidate.person for candidate in people])
    except ValidationError as error:
        form.add_error(None, error)
    if form.errors:
        return _selection_page(screen, form, status=422)
    rows = _rows(screen, planned, people)
    if saving:
        return _save(screen, form, planned, rows)
    return _preview_page(screen, form, planned, rows)


def _people(screen: Screen, form: AssignForm, selected: SelectedPeople, *, listed: bool) -> list[Candidate]:
    """Returns the people to whom the path is assigned.

    On the first screen, these are the members of the chosen groups and the ticked people. On the second screen, these
    are the people on the list.
    """
    if listed:
        keys = set(screen.data.getlist("listed"))
        return [candidate for candidate in selected.candidates if str(candidate.person.uid) in keys]
    cleaned_data = form.cleaned_data
    of_groups = recipients.in_groups(screen.pool, groups=cleaned_data["groups"], titles=cleaned_data["titles"])
    keys = set(screen.data.getlist("people"))
    single = [candidate for candidate in selected.candidates if str(candidate.person.uid) in keys]
    by_pk = {candidate.person.pk: candidate for candidate in [*of_groups, *single]}
    return sorted(by_pk.values(), key=lambda candidate: (candidate.unit, candidate.person.kana, candidate.person.pk))


def _order(screen: Screen, form: AssignForm) -> Order:
    cleaned_data = form.cleaned_data
    return Order(
        path=screen.paths[cleaned_data["path"]],
        start_on=cleaned_data["start_on"],
        reason=cleaned_data["reason"],
        due_on=cleaned_data["due_on"],
        bound_to_post=cleaned_data["bound"] == "post",
        source=Source.OFFICE if screen.is_office else Source.MANAGER,
    )


def _rows(screen: Screen, planned: Plan, people: list[Candidate]) -> list[RecipientRow]:
    places = {candidate.person.pk: candidate for candidate in people}
    rows = []
    for line in planned.lines:
        candidate = places[line.person.pk]
        row = RecipientRow(candidate, recipients.describe(candidate), line.due_on)
        row.bind(screen.data, planned.order.start_on)
        rows.append(row)
    return rows


def _save(screen: Screen, form: AssignForm, planned: Plan, rows: list[RecipientRow]) -> HttpResponse:
    user = user_of(screen.request)
    leave = {row.candidate.person.pk for row in rows if row.left}
    ticked_off = set(screen.data.getlist("leave"))
    left_out = [entry for entry in planned.left_out if str(entry.person.uid) not in ticked_off]
    remaining = [row for row in rows if not row.left]
    if left_out and not remaining and _is_done(screen, planned, left_out):
        messages.info(screen.request, f"「{planned.order.path.title}」は、もう割り当ててあります。")
        return redirect("team")
    error = LIST_CHANGED if left_out else ""
    if not error and not any(row.error for row in rows):
        final = Plan(
            planned.order, planned.version, tuple(line for line in planned.lines if line.person.pk not in leave)
        )
        due = {row.candidate.person.pk: row.own_due for row in remaining if row.own_due}
        try:
            assignments = assigning.assign(plan=final, by=user, due=due)
        except ValidationError as refusal:
            error = refusal.messages[0]
        else:
            messages.success(screen.request, _success_message(planned, len(assignments)))
            return redirect("team")
    error = error or "期限に直す所があります。赤い文を見て直してください。"
    return _preview_page(screen, form, planned, rows, error=error)


def _is_done(screen: Screen, planned: Plan, left_out: list[LeftOut]) -> bool:
    """Whether the same user has already saved the same list. This happens if the user presses the button twice."""
    pks = {entry.person.pk for entry in left_out}
    own = Assignment.objects.open().filter(
        path=planned.order.path,
        person__in=pks,
        assigned_on=clock.today(),
        assigned_by=user_of(screen.request).person,
    )
    return own.count() == len(pks)


def _success_message(planned: Plan, count: int) -> str:
    start = planned.order.start_on
    message = f"{count}人に「{planned.order.path.title}」を割り当てました。"
    if start > clock.today():
        return f"{message}{start.month}月{start.day}日に着任する人は、その日から「所属の学び」に出ます。"
    return f"{message}本人にお知らせが届きました。"


def _selection_page(screen: Screen, form: AssignForm, *, status: int = 200) -> HttpResponse:
    matches = screen.matches()
    ticked = set(screen.data.getlist("people"))
    visible = matches[:SHOWN]
    visible_pks = {candidate.person.pk for candidate in visible}
    # People who were ticked before the user narrowed the list stay on the list.
    still_ticked = [
        candidate
        for candidate in screen.selected.candidates
        if str(candidate.person.uid) in ticked and candidate.person.pk not in visible_pks
    ]
    context = {
        "crumbs": [{"url": reverse("team"), "label": "所属の学び"}, {"label": "学習パスを割り当てる"}],
        "form": form,
        "people": [(candidate, str(candidate.person.uid) in ticked) for candidate in [*still_ticked, *visible]],
        "leaving": screen.selected.leaving,
        "more": max(len(matches) - SHOWN, 0),
        "arrivals": eligible_people.arrivals(screen.request.user),
        "start": screen.start,
        "today": clock.today(),
        "reasons": REASONS,
        "is_office": screen.is_office,
        "paths": screen.paths,
    }
    return render(screen.request, "learning/assign.html", context, status=status)


def _preview_page(
    screen: Screen, form: AssignForm, planned: Plan, rows: list[RecipientRow], *, error: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "hidden": form.carried_values(CARRIED_FIELDS),
        "rows": rows,
        "order": planned.order,
        "version": planned.version,
        "error": error,
        "left_out": [*screen.selected.leaving, *planned.left_out],
        "unreadable": _unreadable(screen, planned),
        "trail": [{"url": reverse("team"), "label": "所属の学び"}, {"url": "", "label": "割り当てる人の確認"}],
    }
    return render(screen.request, "learning/assign_preview.html", context, status=422 if error else 200)


def _unreadable(screen: Screen, planned: Plan) -> list[tuple[str, tuple[Person, ...]]]:
    """Returns the reading steps that some people cannot open. The title of a step is hidden if the assigner may not
    read its item (I16).
    """
    readable = reading_targets.readable([step for step, _ in planned.unreadable], screen.request.user)
    return [(UNNAMED if readable.get(step.pk) is None else step.title, people) for step, people in planned.unreadable]


urlpatterns: list[URLPattern] = [
    url("assign/", assign_page, name="assign"),
]
