"""Assigning a path in one form of two screens: whom, why and until when; then the list, exceptions, one save.

The second screen sends back what the first was told, so that both work without JavaScript and nothing typed is lost.
A person who is not the assigner's to manage ends everything with the 404 of an unknown one.
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
from learning.assignments import assigning, eligible_people, recipients
from learning.assignments.eligible_people import Candidate
from learning.assignments.forms import REASONS, AssignForm, Row
from learning.assignments.plan import LeftOut, Order, OutsideUnitError, Plan
from learning.assignments.recipients import GROUPS, MOST, Chosen
from learning.models import Assignment, LearningPath, PathVersion, Source, Stage
from learning.paths import reading_targets
from learning.paths.labels import UNNAMED
from organization import clock
from organization.models import Person

#: How many people the first screen shows; more are narrowed by unit or name.
SHOWN = 200
KEPT = ("path", "start_on", "unit", "q", "groups", "titles", "people", "reason", "due_on", "bound")
#: What a reader of the list has to agree to again.
CHANGED = "一覧を作ってから、割り当てられない人が出ました。下の「割り当てない人」を確かめて、もう一度保存してください。"


@dataclass
class Screen:
    """One request: who asks, and what was sent or linked."""

    request: HttpRequest
    data: QueryDict

    @cached_property
    def is_office(self) -> bool:
        return permissions.is_office(self.request.user)

    @cached_property
    def start(self) -> date:
        """The day whose staff is listed; today where none, a past one or no day at all was sent."""
        try:
            day = date.fromisoformat(self.data.get("start_on") or self.data.get("start") or "")
        except ValueError:
            return clock.today()
        return (
            day if clock.today() <= day <= clock.today().replace(year=clock.today().year + 2, day=1) else clock.today()
        )

    @cached_property
    def paths(self) -> dict[str, LearningPath]:
        """What can be assigned and the assigner may read, by public id."""
        released = PathVersion.objects.filter(released_at__isnull=False)
        found = LearningPath.objects.visible_to(self.request.user).filter(stage=Stage.ACTIVE, versions__in=released)
        return {path.public_id: path for path in found.distinct().order_by("title", "pk")}

    @property
    def path(self) -> LearningPath | None:
        return self.paths.get(self.data.get("path", ""))

    @cached_property
    def units(self) -> frozenset[int] | None:
        """The chosen unit with what is below; None for all that is one's own."""
        uid = self.data.get("unit", "")
        return eligible_people.below(uid) if uid in dict(self.unit_choices) and uid else None

    @cached_property
    def unit_choices(self) -> list[tuple[str, str]]:
        return [("", "所属を選ぶ" if self.is_office else "すべて"), *eligible_people.units_of(self.request.user)]

    @cached_property
    def pool(self) -> list[Candidate]:
        """Whom the groups are made of; the training office first chooses a unit."""
        if self.is_office and self.units is None:
            return []
        return eligible_people.candidates(self.request.user, self.start, units=self.units)

    @cached_property
    def picked(self) -> Chosen:
        """The people that were ticked or listed; raises OutsideUnitError."""
        raw = [*self.data.getlist("people"), *self.data.getlist("listed"), *self.data.getlist("leave")]
        return recipients.by_uid(user=self.request.user, raw=raw, on=self.start, path=self.path)

    def found(self) -> list[Candidate]:
        """The people to tick one by one: the pool, or whom the words name."""
        q = self.data.get("q", "").replace("\x00", "").strip()[:60]
        if not q:
            return self.pool
        return eligible_people.candidates(self.request.user, self.start, units=self.units, q=q)

    def choices(self) -> dict[str, Any]:
        count = recipients.counts(self.pool) if self.pool or not self.is_office else {}
        titles = sorted({one.title for one in self.pool})
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
                "path": self.data.get("path", ""), "start_on": self.start, "unit": self.data.get("unit", ""),
                "groups": groups, "bound": "person", "reason": REASONS[0] if groups else "",
            },
        )  # fmt: skip


@login_required
def page(request: HttpRequest) -> HttpResponse:
    if not (permissions.is_manager(request.user) or permissions.is_office(request.user)):
        raise Http404
    screen = Screen(request, request.POST if request.method == "POST" else request.GET)
    try:
        return _post(screen) if request.method == "POST" else _first(screen, screen.form())
    except OutsideUnitError:
        raise Http404 from None


def _post(screen: Screen) -> HttpResponse:
    picked = screen.picked  # asked before anything else: foreign and unknown people end here
    form = screen.form()
    if "narrow" in screen.data or "edit" in screen.data:
        form.quiet()
        return _first(screen, form)
    if not form.is_valid():
        return _first(screen, form, status=422)
    saving = "save" in screen.data
    people = _people(screen, form, picked, listed=saving)
    if not saving and not people and not picked.leaving:
        said = "所属を選んでから、まとめて選んでください。" if form.cleaned_data["groups"] and screen.is_office else ""
        form.add_error("groups", said or "だれに割り当てるかを、選んでください。")
    if len(people) > MOST:
        form.add_error(
            None, f"一度に割り当てられるのは{MOST}人までです。今は{len(people)}人です。所属か職で分けてください。"
        )
    try:
        order = _order(screen, form)
        drawn = assigning.plan(order=order, people=[one.person for one in people])
    except ValidationError as error:
        form.add_error(None, error.messages[0])
    if form.errors:
        return _first(screen, form, status=422)
    rows = _rows(screen, drawn, people)
    if saving:
        return _save(screen, form, drawn, rows)
    return _second(screen, form, drawn, rows)


def _people(screen: Screen, form: AssignForm, picked: Chosen, *, listed: bool) -> list[Candidate]:
    """On the first screen those of the groups and those ticked; on the second those who stood on the list."""
    if listed:
        keys = set(screen.data.getlist("listed"))
        return [one for one in picked.candidates if str(one.person.uid) in keys]
    said = form.cleaned_data
    of_groups = recipients.of_groups(screen.pool, groups=said["groups"], titles=said["titles"])
    keys = set(screen.data.getlist("people"))
    single = [one for one in picked.candidates if str(one.person.uid) in keys]
    found = {one.person.pk: one for one in [*of_groups, *single]}
    return sorted(found.values(), key=lambda one: (one.unit, one.person.kana, one.person.pk))


def _order(screen: Screen, form: AssignForm) -> Order:
    said = form.cleaned_data
    return Order(
        path=screen.paths[said["path"]], start_on=said["start_on"], reason=said["reason"], due_on=said["due_on"],
        bound_to_post=said["bound"] == "post", source=Source.OFFICE if screen.is_office else Source.MANAGER,
    )  # fmt: skip


def _rows(screen: Screen, drawn: Plan, people: list[Candidate]) -> list[Row]:
    places = {one.person.pk: one for one in people}
    rows = []
    for line in drawn.lines:
        one = places[line.person.pk]
        row = Row(one, recipients.why(one), line.due_on)
        row.read(screen.data, drawn.order.start_on)
        rows.append(row)
    return rows


def _save(screen: Screen, form: AssignForm, drawn: Plan, rows: list[Row]) -> HttpResponse:
    user = screen.request.user
    leave = {row.candidate.person.pk for row in rows if row.left}
    ticked_off = set(screen.data.getlist("leave"))
    left_out = [one for one in drawn.left_out if str(one.person.uid) not in ticked_off]
    kept = [row for row in rows if not row.left]
    if left_out and not kept and _is_done(screen, drawn, left_out):
        messages.info(screen.request, f"「{drawn.order.path.title}」は、もう割り当ててあります。")
        return redirect("team")
    error = CHANGED if left_out else ""
    if not error and not any(row.error for row in rows):
        final = Plan(drawn.order, drawn.version, tuple(line for line in drawn.lines if line.person.pk not in leave))
        due = {row.candidate.person.pk: row.own_due for row in kept if row.own_due}
        try:
            made = assigning.assign(plan=final, by=user, due=due)  # type: ignore[arg-type]
        except ValidationError as refused:
            error = refused.messages[0]
        else:
            messages.success(screen.request, _said(drawn, len(made)))
            return redirect("team")
    error = error or "期限に直す所があります。赤い文を見て直してください。"
    return _second(screen, form, drawn, rows, error=error)


def _is_done(screen: Screen, drawn: Plan, left_out: list[LeftOut]) -> bool:
    """Whether the same hand has saved the same list already: the button was pressed twice."""
    pks = {one.person.pk for one in left_out}
    mine = Assignment.objects.open().filter(
        path=drawn.order.path,
        person__in=pks,
        assigned_on=clock.today(),
        assigned_by=screen.request.user.person,  # type: ignore[union-attr]
    )
    return mine.count() == len(pks)


def _said(drawn: Plan, count: int) -> str:
    start = drawn.order.start_on
    told = f"{count}人に「{drawn.order.path.title}」を割り当てました。"
    if start > clock.today():
        return f"{told}{start.month}月{start.day}日に着任する人は、その日から「所属の学び」に出ます。"
    return f"{told}本人にお知らせが届きました。"


def _first(screen: Screen, form: AssignForm, *, status: int = 200) -> HttpResponse:
    found = screen.found()
    ticked = set(screen.data.getlist("people"))
    shown = found[:SHOWN]
    known = {one.person.pk for one in shown}
    # Who was ticked before the list was narrowed stays on it.
    kept = [one for one in screen.picked.candidates if str(one.person.uid) in ticked and one.person.pk not in known]
    context = {
        "crumbs": [{"url": reverse("team"), "label": "所属の学び"}, {"label": "学習パスを割り当てる"}],
        "form": form,
        "people": [(one, str(one.person.uid) in ticked) for one in [*kept, *shown]],
        "leaving": screen.picked.leaving,
        "more": max(len(found) - SHOWN, 0),
        "arrivals": eligible_people.arrivals(screen.request.user),
        "start": screen.start,
        "today": clock.today(),
        "reasons": REASONS,
        "is_office": screen.is_office,
        "paths": screen.paths,
    }
    return render(screen.request, "learning/assign.html", context, status=status)


def _second(screen: Screen, form: AssignForm, drawn: Plan, rows: list[Row], *, error: str = "") -> HttpResponse:
    context = {
        "form": form, "hidden": form.kept(KEPT), "rows": rows, "order": drawn.order, "version": drawn.version, "error": error,
        "left_out": [*screen.picked.leaving, *drawn.left_out],
        "unreadable": _unreadable(screen, drawn),
        "trail": [{"url": reverse("team"), "label": "所属の学び"}, {"url": "", "label": "割り当てる人の確認"}],
    }  # fmt: skip
    return render(screen.request, "learning/assign_preview.html", context, status=422 if error else 200)


def _unreadable(screen: Screen, drawn: Plan) -> list[tuple[str, tuple[Person, ...]]]:
    """What some cannot open, as far as the assigner may know what it is called (I16)."""
    seen = reading_targets.readable([step for step, _ in drawn.unreadable], screen.request.user)
    return [(UNNAMED if seen.get(step.pk) is None else step.title, people) for step, people in drawn.unreadable]


urlpatterns: list[URLPattern] = [
    url("assign/", page, name="assign"),
]
