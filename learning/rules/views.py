"""Pages of assignment rules: the list, one rule with the people it matches today, create, change, delete.

For the training office and heads. Everybody else gets 404, and so does anybody for another unit's rule.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from learning.access import permissions
from learning.access.decorators import rule_editors_only
from learning.access.requests import user_of
from learning.authoring.forms.errors import add_errors
from learning.models import OPEN, AssignmentRule
from learning.paths.titles import PathTitles
from learning.rules import editing, matching
from learning.rules.forms import RuleForm
from organization import clock
from organization.access_policy import reader_for
from organization.units.tree import unit_tree

#: Names shown in a preview; the total is always shown.
SHOWN = 200


@rule_editors_only
def rules_page(request: HttpRequest) -> HttpResponse:
    """The rules, running ones first."""
    today, tree = clock.today(), unit_tree()
    rules = editing.rules_of(request.user).annotate(given=Count("assignments", filter=Q(assignments__state__in=OPEN)))
    titles = PathTitles(request.user, rules.values_list("path_id", flat=True))
    rows: list[dict[str, Any]] = [
        {
            "rule": rule,
            "title": titles.of(rule.path_id),
            "where": tree.name(rule.unit_id) if rule.unit_id else "全庁",
            "given": rule.given,
            "state": _state(rule),
        }
        for rule in rules.order_by("path__title", "pk")
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
def new_rule(request: HttpRequest) -> HttpResponse:
    return _edit_page(request, AssignmentRule())


@rule_editors_only
def edit_rule(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit_page(request, get_object_or_404(editing.rules_of(request.user), pk=pk))


def _edit_page(request: HttpRequest, rule: AssignmentRule) -> HttpResponse:
    """The form. 「だれに当てはまるか見る」 shows a preview, 「保存する」 saves; both validate the same form."""
    is_new = rule.pk is None
    form = RuleForm(request.POST or None, user=user_of(request), rule=rule)
    title = "" if is_new else PathTitles(request.user, [rule.path_id]).of(rule.path_id)
    context: dict[str, Any] = {
        "form": form,
        "made": is_new,
        "title": title,
        "used": editing.is_used(rule),
        "today": clock.today(),
    }
    if request.method == "POST" and not form.is_bound:
        form = context["form"] = RuleForm({"path": ""}, user=user_of(request), rule=rule)
    if not form.is_bound:
        context["preview"] = None if is_new else _preview(request, rule)
        return render(request, "learning/rule.html", {**context, "rule": rule})
    if form.is_valid():
        if "preview" in request.POST:
            # The preview uses the values of the form; the stored rule is not changed.
            context["preview"] = _preview(request, form.rule_from_input())
            return render(request, "learning/rule.html", {**context, "rule": rule})
        try:
            editing.save_rule(rule=form.rule_from_input(), by=user_of(request))
        except PermissionDenied as error:
            raise Http404 from error
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "割当規則を作りました。" if is_new else "割当規則を変えました。")
            return redirect("training_rule", pk=rule.pk)
    return render(request, "learning/rule.html", {**context, "rule": rule, "preview": None}, status=422)


def _preview(request: HttpRequest, rule: AssignmentRule) -> dict[str, Any]:
    """People matched today, with reasons, and how many already have the path. A head sees only the own staff."""
    today = clock.today()
    matches = matching.matching_people(rule, today)
    if not permissions.is_office(request.user):
        own_staff = set(permissions.own_appointments(request.user).values_list("person_id", flat=True))
        own_pk = reader_for(request.user).person_id
        matches = [(person, why) for person, why in matches if person.pk in own_staff or person.pk == own_pk]
    having_path = matching.people_having_path(rule, today, user=user_of(request)) if matches else set()
    return {
        "count": len(matches),
        "having": sum(person.pk in having_path for person, _ in matches),
        "people": matches[:SHOWN],
        "more": max(0, len(matches) - SHOWN),
    }


@rule_editors_only
@require_POST
def delete_rule(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(editing.rules_of(request.user), pk=pk)
    try:
        editing.delete_rule(rule=rule, by=user_of(request))
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("training_rule", pk=pk)
    messages.success(request, "割当規則を消しました。")
    return redirect("training_rules")


urlpatterns = [
    path("training/rules/", rules_page, name="training_rules"),
    path("training/rules/new/", new_rule, name="training_rule_new"),
    path("training/rules/<int:pk>/", edit_rule, name="training_rule"),
    path("training/rules/<int:pk>/delete/", delete_rule, name="training_rule_delete"),
]
