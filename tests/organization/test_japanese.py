"""The template filters: dates as an office writes them, and an empty string for other values."""

from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template

from organization import clock


def drawn(expression, value):
    return Template("{% load japanese %}{{ value|" + expression + " }}").render(Context({"value": value}))


@pytest.fixture(autouse=True)
def today(settings):
    settings.DEMO_TODAY = date(2025, 6, 10)


def test_the_head_of_a_printed_page_says_the_time_of_tokyo(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2025, 6, 10, 0, 5, tzinfo=UTC))
    assert Template("{% load japanese %}{% printed_at %}").render(Context()) == "令和7年6月10日 9:05"


def test_a_day_a_month_and_a_fiscal_year():
    assert drawn("era_date", date(2019, 5, 1)) == "令和元年5月1日"
    assert drawn("era_month", date(2019, 4, 30)) == "平成31年4月"
    assert drawn("fiscal_year_label", 2019) == "令和元年度"
    assert drawn("fiscal_year_label", date(2025, 3, 31)) == "令和6年度"


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2025, 6, 10), "今日"),
        (date(2025, 6, 9), "昨日"),
        (date(2025, 6, 7), "3日前"),
        (date(2025, 5, 11), "30日前"),
        (date(2025, 5, 10), "1か月前"),
        (date(2024, 6, 11), "11か月前"),
        (date(2023, 6, 10), "2年前"),
        (date(2025, 6, 11), "令和7年6月11日"),
        (datetime(2025, 6, 9, 15, 0, tzinfo=UTC), "今日"),
    ],
)
def test_how_long_ago(day, written):
    assert drawn("days_ago", day) == written


@pytest.mark.parametrize("expression", ["era_date", "fiscal_year_label", "days_ago"])
@pytest.mark.parametrize("value", [None, "", "2025-04-01"])
def test_what_is_no_date_is_not_shown(expression, value):
    assert drawn(expression, value) == ""


def test_a_sentence_over_several_lines_has_no_spaces_but_those_of_its_values():
    source = """{% load japanese %}<p>
      {% unbroken %}
        {{ name }}さんが
        {% if late %}期限の後に{% endif %}
        　<b>終えました</b>。
      {% endunbroken %}
    </p>"""
    text = Template(source).render(Context({"name": "山田\n太郎", "late": True}))
    assert (
        text.split("<p>")[1].strip().removesuffix("</p>").strip() == "山田\n太郎さんが期限の後に　<b>終えました</b>。"
    )
