"""The pages of assignment rules: permissions, errors in Japanese, and used rules, which end but are never deleted."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from learning.cache import figure_cache
from learning.models import Assignment, AssignmentRule
from learning.rules import editing, matching
from organization.models import AuditEvent
from tests.errors import refused_with
from tests.factories.learning import give, make_path
from tests.factories.organization import make_department, make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def top():
    return make_department("bosai-bu", name="防災部")


@pytest.fixture
def unit(top):
    return make_unit("bosai", name="防災課", parent=top)


@pytest.fixture
def office():
    return make_staff(make_unit("jinji"), duties=("training",))


@pytest.fixture
def path(office):
    return make_path(office)


def typed(path, unit=None, **values):
    known = {
        "path": path.public_id,
        "unit": str(unit.uid) if unit else "",
        "newcomers": "on",
        "reason": "新任の人に、最初に学んでほしいため。",
        "starts_on": "2026-04-01",
    }
    return {name: value for name, value in {**known, **values}.items() if value is not None}


def make(client, person, data):
    client.force_login(person.user)
    return client.post(reverse("training_rule_new"), data)


def rule_of(path, **values):
    values.setdefault("newcomers", True)
    return AssignmentRule.objects.create(path=path, reason="最初に学ぶため。", starts_on=date(2026, 4, 1), **values)


@pytest.fixture
def matcher(monkeypatch):
    """Replaces learning.rules.matching: matches the people that the test names."""
    expected = []
    monkeypatch.setattr(matching, "matching_people", lambda rule, on: list(expected))
    monkeypatch.setattr(matching, "counts", lambda asked, on: {rule.pk: len(expected) for rule in asked})
    return expected


# --- Permissions -------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["training_rules", "training_rule_new"])
def test_rules_are_for_the_office_and_for_heads(client, office, head, unit, address):
    for person, status in ((office, 200), (head, 200), (make_staff(unit), 404)):
        client.force_login(person.user)
        assert client.get(reverse(address)).status_code == status


def test_a_head_sees_and_opens_rules_of_the_own_unit_alone(client, head, unit, path):
    mine, others, all_staff = rule_of(path, unit=unit), rule_of(path, unit=make_unit()), rule_of(path)
    client.force_login(head.user)
    html = client.get(reverse("training_rules")).content.decode()
    opens = {
        rule.pk: client.get(reverse("training_rule", args=[rule.pk])).status_code
        for rule in AssignmentRule.objects.all()
    }
    assert opens == {mine.pk: 200, others.pk: 404, all_staff.pk: 404}
    assert reverse("training_rule", args=[mine.pk]) in html
    assert reverse("training_rule", args=[others.pk]) not in html
    assert client.post(reverse("training_rule_delete", args=[others.pk])).status_code == 404


def test_the_office_rules_for_everybody(client, office, path):
    assert make(client, office, typed(path)).status_code == 302
    rule = AssignmentRule.objects.get()
    assert rule.unit is None and rule.newcomers and rule.by_post == office.appointments.get().post
    assert AuditEvent.objects.filter(action="rule.made", object_id=str(rule.pk)).exists()


def test_a_head_rules_for_the_own_unit(client, head, unit, path):
    assert make(client, head, typed(path, unit)).status_code == 302
    assert AssignmentRule.objects.get().unit == unit


@pytest.mark.parametrize("other", ["above", "beside", "everywhere"])
def test_a_head_cannot_rule_for_another_unit(client, head, top, path, other):
    where = {"above": top, "beside": make_unit(), "everywhere": None}[other]
    answer = make(client, head, typed(path, where))
    assert answer.status_code == 422 and not AssignmentRule.objects.exists()
    with pytest.raises(PermissionDenied):
        editing.save_rule(rule=AssignmentRule(path=path, unit=where, newcomers=True), by=head.user)


# --- Bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"reason": ""}, "「理由」が空です。"),
        ({"reason": "あ" * 301}, "300文字まで"),
        ({"path": "LP-R01-99999"}, "「学習パス」は、画面に出ている中から選び直してください。"),
        ({"starts_on": "きのう"}, "「この日から」は 2026-04-01 のように"),
        ({"ends_on": "2026-03-31"}, "最後の日が、始まりの日より前です。"),
        ({"years": "三つ"}, "「年次」は、1から45までの数字"),
        ({"years": "0"}, "「年次」は、1から45までの数字"),
        ({"years": "9" * 5000}, "「年次」は60文字までです"),
        ({"unit_kinds": "moon"}, "「所属の区分」は、画面に出ている中から選び直してください。"),
    ],
)
def test_bad_input_is_said_and_what_was_typed_is_kept(client, office, path, values, said):
    answer = make(client, office, {**typed(path, titles="主事、主任"), **values})
    text = answer.content.decode()
    assert answer.status_code == 422 and said in text and "主事、主任" in text
    assert not AssignmentRule.objects.exists()


def test_a_rule_for_everybody_without_a_choice_is_refused(client, office, path):
    answer = make(client, office, typed(path, newcomers=None))
    assert answer.status_code == 422 and "だれに割り当てるかを、一つ以上選んでください。" in answer.content.decode()


def test_an_empty_post_is_answered_with_what_is_missing(client, office):
    answer = make(client, office, {})
    assert answer.status_code == 422 and "「理由」が空です。" in answer.content.decode()


def test_a_path_that_is_not_active_cannot_be_given(client, office):
    draft = make_path(office, stage="draft", title="まだの学習")
    client.force_login(office.user)
    assert "まだの学習" not in client.get(reverse("training_rule_new")).content.decode()
    assert make(client, office, {**typed(draft), "path": draft.public_id or str(draft.pk)}).status_code == 422


def test_lists_are_read_as_people_write_them(client, office, path):
    make(client, office, typed(path, titles="主事、 主任・主事", years="１０年目、3"))
    rule = AssignmentRule.objects.get()
    assert rule.titles == ["主事", "主任"] and rule.years == [3, 10]


# --- Used rules --------------------------------------------------------------------------------


@pytest.fixture
def used(path, unit):
    rule = rule_of(path, unit=unit)
    give(path, make_staff(unit), rule=rule, source="rule")
    return rule


def test_a_used_rule_ends_by_its_last_day(client, head, used):
    client.force_login(head.user)
    data = {"reason": "今年度で終わります。", "ends_on": "2027-03-31", "titles": "部長"}
    assert client.post(reverse("training_rule", args=[used.pk]), data).status_code == 302
    used.refresh_from_db()
    assert used.ends_on == date(2027, 3, 31) and used.reason == "今年度で終わります。"
    assert used.titles == [] and used.newcomers  # the criteria stay


def test_whom_a_used_rule_is_for_cannot_be_changed(office, used):
    used.heads = True
    with refused_with("rule_in_use"):
        editing.save_rule(rule=used, by=office.user)


def test_a_used_rule_is_never_deleted(client, office, used, path):
    client.force_login(office.user)
    client.post(reverse("training_rule_delete", args=[used.pk]))
    assert AssignmentRule.objects.filter(pk=used.pk).exists() and Assignment.objects.get().rule == used
    other = rule_of(path)
    client.post(reverse("training_rule_delete", args=[other.pk]))
    assert not AssignmentRule.objects.filter(pk=other.pk).exists()


# --- Preview -----------------------------------------------------------------------------------


def test_the_preview_says_whom_and_why_and_saves_nothing(client, office, path, unit, matcher):
    matcher += [(make_staff(unit, name="新田 花"), "新任")]
    answer = make(client, office, typed(path, preview="1"))
    html = answer.content.decode()
    assert answer.status_code == 200 and "今日当てはまる人：1人" in html and "新田 花" in html
    assert not AssignmentRule.objects.exists()


def test_a_rule_shows_whom_it_matches_today(client, office, path, unit, matcher):
    rule = rule_of(path)
    matcher += [(make_staff(unit, name="新田 花"), "新任")]
    client.force_login(office.user)
    assert "新田 花" in client.get(reverse("training_rule", args=[rule.pk])).content.decode()
    figure_cache.clear()
    html = client.get(reverse("training")).content.decode()
    assert f'{reverse("training_rule", args=[rule.pk])}#matching">1</a>' in html


def test_a_head_is_shown_the_own_staff_alone(client, head, path, unit, matcher):
    matcher += [(make_staff(unit, name="部下 一郎"), "新任"), (make_staff(make_unit(), name="他課 二郎"), "新任")]
    html = make(client, head, typed(path, unit, preview="1")).content.decode()
    assert "部下 一郎" in html and "他課 二郎" not in html


def test_the_preview_says_how_many_of_them_have_the_path_already(client, head, path, unit, matcher):
    has, has_not, alone, elsewhere = (make_staff(where) for where in (unit, unit, unit, make_unit()))
    matcher += [(person, "新任") for person in (head, has, has_not, alone, elsewhere)]
    for person in (head, has, elsewhere):
        give(path, person)
    give(path, alone, source="self", state="completed")
    html = make(client, head, typed(path, unit, preview="1")).content.decode()
    assert "今日当てはまる人：4人" in html and "このうち2人は、もうこのパスを受けています。" in html


def test_a_preview_in_which_nobody_has_the_path_counts_none(client, office, path, unit, matcher):
    matcher += [(make_staff(unit), "新任")]
    give(path, make_staff(unit))
    assert "このうち" not in make(client, office, typed(path, preview="1")).content.decode()


def test_a_preview_of_thirty_who_have_the_path_asks_few_questions(
    client, head, path, unit, django_assert_max_num_queries
):
    for _ in range(30):
        give(path, make_staff(unit, title="主事"))
    client.force_login(head.user)
    data = typed(path, unit, newcomers=None, titles="主事", preview="1")
    with django_assert_max_num_queries(15):
        html = client.post(reverse("training_rule_new"), data).content.decode()
    assert "このうち30人は" in html


@pytest.mark.parametrize("count", [2, 12])
def test_the_list_asks_no_more_for_more_rules(client, office, path, count, django_assert_max_num_queries):
    for _ in range(count):
        rule_of(path, unit=make_unit())
    client.force_login(office.user)
    with django_assert_max_num_queries(15):
        client.get(reverse("training_rules"))


def test_the_cold_page_of_the_office_asks_few_questions_with_thirty_rules(
    client, office, path, django_assert_max_num_queries
):
    for _ in range(30):
        rule_of(path, unit=make_unit())
    client.force_login(office.user)
    figure_cache.clear()
    with django_assert_max_num_queries(15):
        assert client.get(reverse("training")).status_code == 200
