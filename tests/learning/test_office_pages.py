"""The page of 研修担当: only for the office, small counts hidden, each number equal to its rows, safe files."""

import csv
import io
import random
import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from learning.assignments import adjustments
from learning.cache import figure_cache
from learning.models import Assignment, AssignmentRule
from learning.office import dashboard, metrics
from learning.suppression import HIDDEN_TEXT, MIN_PEOPLE, groups_to_hide
from organization import clock
from tests.factories.learning import give, make_course, make_path, make_record
from tests.factories.organization import make_department, make_staff, make_unit
from tests.learning.office_world import TODAY, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today():
    with clock.moved_to(TODAY):
        yield


@pytest.fixture
def office():
    return make_staff(make_unit("jinji", name="人事課"), duties=("training",))


@pytest.fixture
def path(office):
    return make_path(office)


def department(number, people, path, name="", **values):
    """A department with this number of people who learn `path`."""
    top = make_department(f"dep-{number}", name=name or f"第{number}部")
    unit = make_unit(f"div-{number}", parent=top)
    staff = [make_staff(unit) for _ in range(people)]
    for person in staff:
        give(path, person, **values)
    return top, staff


def get(client, person, address="training", **query):
    client.force_login(person.user)
    return client.get(reverse(address), query)


# --- Permissions -------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["training", "training_rows"])
def test_the_page_does_not_exist_for_others(client, office, address):
    head = make_staff(make_unit(), head=True)
    assert get(client, head, address, measure="overdue").status_code == 404
    assert get(client, office, address, measure="overdue").status_code == 200


def test_who_is_not_logged_in_is_asked_to(client):
    assert client.get(reverse("training")).status_code == 302


def test_an_empty_house_says_what_to_do_next(client, office):
    html = get(client, office).content.decode()
    assert "学んでいる人は、まだいません" in html


# --- Few people --------------------------------------------------------------------------------


def test_a_department_of_few_is_hidden_whole_and_the_next_smallest_with_it(client, office, path):
    department(1, 3, path, "小さい部")
    department(2, 6, path, "中ぐらいの部")
    department(3, 9, path, "大きい部")
    html = get(client, office).content.decode()
    rows = dict(re.findall(r'<th scope="row">(\S+部)</th>\s*(.*?)</tr>', html, re.DOTALL))
    assert HIDDEN_TEXT in rows["小さい部"] and HIDDEN_TEXT in rows["中ぐらいの部"]
    assert HIDDEN_TEXT not in rows["大きい部"]
    assert not re.search(r">3<|>6<", rows["小さい部"] + rows["中ぐらいの部"])


def test_a_hidden_department_cannot_be_asked_for(client, office, path):
    small, _ = department(1, 3, path)
    department(2, 6, path)
    large, _ = department(3, 9, path)
    assert get(client, office, "training_rows", measure="open", department=str(small.uid)).status_code == 404
    assert get(client, office, "training_rows", measure="open", department=str(large.uid)).status_code == 200


def test_by_department_only_what_the_page_counts_there_can_be_asked(client, office, path):
    top, _ = department(1, 8, path, start_on=TODAY - timedelta(days=90), due_on=TODAY - timedelta(days=60))
    assert get(client, office, "training_rows", measure="overdue", department=top.uid).status_code == 200
    assert get(client, office, "training_rows", measure="due", department=top.uid).status_code == 404


def test_rows_of_a_hidden_department_do_not_name_it(client, office, path):
    department(1, 3, path, "小さい部")
    department(2, 6, path, "中ぐらいの部")
    department(3, 9, path, "大きい部")
    html = get(client, office, "training_rows", measure="open").content.decode()
    assert "小さい部" not in html and "大きい部" in html and HIDDEN_TEXT in html


def test_where_everything_is_few_the_total_is_not_said_either(client, office, path):
    department(1, 3, path)
    html = get(client, office).content.decode()
    assert re.search(rf"合計</th>\s*<td colspan=\"5\">{HIDDEN_TEXT}", html)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_hidden_together_is_never_few(seed):
    chance = random.Random(seed)
    sizes = {key: chance.choice([0, 1, 2, 4, 5, 7, 30]) for key in range(chance.randint(1, 9))}
    few = groups_to_hide(sizes)
    assert {key for key, size in sizes.items() if 0 < size < MIN_PEOPLE} <= few.groups
    assert all(sizes[key] for key in few.groups)
    if few.groups and not few.total:
        # Subtraction from the total discloses at least two groups with five people together.
        assert len(few.groups) > 1 and sum(sizes[key] for key in few.groups) >= MIN_PEOPLE
    if few.total:
        assert few.groups == {key for key, size in sizes.items() if size}


def test_a_month_of_few_is_hidden_and_cannot_be_asked_for(client, office, path):
    _, staff = department(1, 8, path, start_on=TODAY - timedelta(days=90), due_on=TODAY - timedelta(days=60))
    other = make_path(office, title="別の学習")
    day = TODAY - timedelta(days=30)
    for person in staff[:2]:
        give(other, person, start_on=day, due_on=day)
    assert get(client, office, "training_rows", measure="due", month=f"{day:%Y-%m}").status_code == 404
    line = dashboard.figures().completion
    hidden_months = [month for month, share in line.months.items() if share.people_few]
    assert len(hidden_months) == 2  # a second month is hidden, because the total of the year would disclose the first


# --- Numbers and rows --------------------------------------------------------------------------


def test_each_number_of_the_page_opens_as_many_rows(client, office):
    make_world(random.Random(5), office)
    html = get(client, office).content.decode()
    links = re.findall(r'<a href="(/training/rows/[^"]+)">(\d+)', html)
    assert len(links) > 20
    for address, number in links:
        answer = client.get(address.replace("&amp;", "&"))
        assert answer.status_code == 200
        assert answer.context["page"].paginator.count == int(number), address


@pytest.mark.parametrize(
    "query",
    [
        {"measure": "nothing"},
        {},
        {"measure": "due", "month": "2026-13"},
        {"measure": "due", "month": "1999-01"},
        {"measure": "overdue", "month": "2026-01"},
        {"measure": "overdue", "department": "x"},
        {"measure": "paths_none"},
    ],
)
def test_what_cannot_be_asked_is_not_there(client, office, query):
    assert get(client, office, "training_rows", **query).status_code == 404


def test_what_one_does_shows_at_once(client, office, path):
    department(1, 9, path)
    get(client, office)
    row = Assignment.objects.first()
    adjustments.waive(assignment=row, user=office.user, reason="修了している。", evidence="前の職場の修了証")
    assert dashboard.figures().total.numbers[0] == 8


def test_self_begun_learning_is_counted_only_when_shared(office, path):
    _, staff = department(1, 6, path, source="self")
    assert metrics.rows("open").count() == 0
    Assignment.objects.filter(person=staff[0]).update(shared=True)
    assert metrics.rows("open").count() == 1


# --- Files -------------------------------------------------------------------------------------


def test_a_row_says_how_it_stands_in_the_words_of_the_other_pages(client, office, path):
    days = {"start_on": TODAY - timedelta(days=9), "due_on": TODAY - timedelta(days=2)}
    department(1, 6, path, state="in_progress", **days)
    rows = get(client, office, "training_rows", measure="overdue").content.decode()
    assert rows.count("期限切れ") == 6
    assert "学習中" not in rows


def test_files_begin_with_a_bom_and_hold_no_formula(client, office):
    department(1, 6, make_path(office, title="=1+1"), start_on=TODAY, due_on=TODAY)
    answer = get(client, office, "training_rows", measure="open", format="csv")
    body = b"".join(answer.streaming_content)
    assert body.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert len(lines) == 7 and lines[1][3] == "'=1+1"
    answer = get(client, office, "training_rows", measure="open", format="xlsx")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet.max_row == 7 and sheet["D2"].value == "'=1+1" and sheet["F2"].value.date() == TODAY


# --- Queries -----------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [10, 60])
def test_the_page_asks_no_more_for_more_people(client, office, path, people, django_assert_max_num_queries):
    department(1, people, path)
    course = make_course()
    make_record(office, course, ends_on=date(2025, 6, 10))
    unit = make_unit("kochi", name="耕地課")
    for n in range(30):
        data = {"newcomers": True} if n % 2 else {"years": [n + 1], "unit": unit}
        AssignmentRule.objects.create(path=path, reason="全員が学びます。", starts_on=date(2025, 4, 1), **data)
    client.force_login(office.user)
    client.get(reverse("training"))
    with django_assert_max_num_queries(15):
        client.get(reverse("training"))
    figure_cache.clear()
    with django_assert_max_num_queries(15):
        client.get(reverse("training"))
    with django_assert_max_num_queries(15):
        client.get(reverse("training_rows"), {"measure": "open"})


def test_the_lines_are_drawn_with_a_table_beside_them(client, office):
    make_world(random.Random(7), office)
    html = get(client, office).content.decode()
    assert html.count('role="img"') == 2 and html.count("<desc") == 2 and "<polyline" in html
    assert html.count("の月ごとの表") == 2 and "style=" not in html


def test_months_are_told_in_their_era_on_the_page_and_over_its_rows(client, office):
    assert "令和8年8月" in get(client, office).content.decode()
    assert "（令和8年8月）" in get(client, office, "training_rows", measure="due", month="2026-08").content.decode()
