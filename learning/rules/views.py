"""Assignment rules, on screen: the list, one rule with whom it matches today, making, changing, ending.

For the training office and heads; to everybody else, and for another unit's rule, these addresses do not exist.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from learning.access import permissions
from learning.access.decorators import rule_editors_only
from learning.models import OPEN, AssignmentRule
from learning.paths.titles import PathTitles
from learning.rules import editing, matching
from learning.rules.forms import RuleForm
from organization import clock
from organization.policy import reader_for
from organization.tree import unit_tree

#: So many names of a preview are shown; their number is always said.
SHOWN = 200


@rule_editors_only
def page(request: HttpRequest) -> HttpResponse:
    """The rules, running ones first."""
    today, tree = clock.today(), unit_tree()
    found = editing.rules_of(request.user).annotate(given=Count("assignments", filter=Q(assignments__state__in=OPEN)))
    titles = PathTitles(request.user, found.values_list("path_id", flat=True))
    rows: list[dict[str, Any]] = [
        {
            "rule": rule,
            "title": titles.of(rule.path_id),
            "where": tree.name(rule.unit_id) if rule.unit_id else "全庁",
            "given": rule.given,
            "state": _state(rule),
        }
        for rule in found.order_by("path__title", "pk")
    ]
    running = [row for row in rows if row["rule"].ends_on is None or row["rule"].ends_on >= today]
    ended = [row for row in rows if row not in running]
    is_office = permissions.is_office(request.user)
    above = (
        {"url": reverse("training"), "label": "研修担当"}
        if is_office
        else {"url": reverse("team"), "label": "所属の学び"}
    )
    crumbs = [above, {"label": "割当規則"}]
    context = {"crumbs": crumbs, "running": running, "ended": ended, "is_office": is_office}
    return render(request, "learning/rules.html", context)


def _state(rule: AssignmentRule) -> str:
    today = clock.today()
    if rule.starts_on > today:
        return "これから"
    return "終わり" if rule.ends_on and rule.ends_on < today else "動いている"


@rule_editors_only
def new(request: HttpRequest) -> HttpResponse:
    return _edit(request, AssignmentRule())


@rule_editors_only
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(editing.rules_of(request.user), pk=pk))


def _edit(request: HttpRequest, rule: AssignmentRule) -> HttpResponse:
    """「だれに当てはまるか見る」 shows, 「保存する」 keeps; either asks the same form."""
    made = rule.pk is None
    form = RuleForm(request.POST or None, user=request.user, rule=rule)  # type: ignore[arg-type]
    title = "" if made else PathTitles(request.user, [rule.path_id]).of(rule.path_id)
    context: dict[str, Any] = {
        "form": form,
        "made": made,
        "title": title,
        "used": editing.is_used(rule),
        "today": clock.today(),
    }
    if request.method == "POST" and not form.is_bound:
        form = context["form"] = RuleForm({"path": ""}, user=request.user, rule=rule)  # type: ignore[arg-type]
    if not form.is_bound:
        context["preview"] = None if made else _preview(request, rule)
        return render(request, "learning/rule.html", {**context, "rule": rule})
    if form.is_valid():
        if "preview" in request.POST:
            # Of the words of the form; the rule itself stays as it is.
            context["preview"] = _preview(request, form.filled())
            return render(request, "learning/rule.html", {**context, "rule": rule})
        try:
            editing.save(rule=form.filled(), by=request.user)  # type: ignore[arg-type]
        except PermissionDenied as error:
            raise Http404 from error
        except ValidationError as error:
            _add(form, error)
        else:
            messages.success(request, "割当規則を作りました。" if made else "割当規則を変えました。")
            return redirect("training_rule", pk=rule.pk)
    return render(request, "learning/rule.html", {**context, "rule": rule, "preview": None}, status=422)


def _add(form: RuleForm, error: ValidationError) -> None:
    told = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    for name, said in told.items():
        for one in said:
            form.add_error(name if name in form.fields else None, one)


def _preview(request: HttpRequest, rule: AssignmentRule) -> dict[str, Any]:
    """Whom it matches today and why, and how many have its path. A head sees the own staff alone, whatever it says."""
    today = clock.today()
    found = matching.matching(rule, today)
    if not permissions.is_office(request.user):
        mine = set(permissions.own_appointments(request.user).values_list("person_id", flat=True))
        me = reader_for(request.user).person_id
        found = [(person, why) for person, why in found if person.pk in mine or person.pk == me]
    having = matching.having(rule, today, user=request.user) if found else set()  # type: ignore[arg-type]  # rule_editors_only
    return {
        "count": len(found),
        "having": sum(person.pk in having for person, _ in found),
        "people": found[:SHOWN],
        "more": max(0, len(found) - SHOWN),
    }


@rule_editors_only
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(editing.rules_of(request.user), pk=pk)
    try:
        editing.delete(rule=rule, by=request.user)  # type: ignore[arg-type]
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("training_rule", pk=pk)
    messages.success(request, "割当規則を消しました。")
    return redirect("training_rules")


urlpatterns = [
    path("training/rules/", page, name="training_rules"),
    path("training/rules/new/", new, name="training_rule_new"),
    path("training/rules/<int:pk>/", edit, name="training_rule"),
    path("training/rules/<int:pk>/delete/", delete, name="training_rule_delete"),
]
