"""Template filters that write dates as a Japanese office writes them. A value that is not a date becomes an empty
string."""

from __future__ import annotations

import re
from datetime import date

from django import template
from django.utils.safestring import SafeString

from organization import clock, fiscal, japanese_dates

register = template.Library()


@register.filter
def era_date(value: object) -> str:
    """{{ item.occurred_on|era_date }} → 令和7年4月1日"""
    return japanese_dates.era_date(value) if isinstance(value, date) else ""


@register.filter
def era_month(value: object) -> str:
    """{{ row.month|era_month }} → 令和7年4月"""
    return japanese_dates.era_month(value) if isinstance(value, date) else ""


@register.filter
def fiscal_year_label(value: object) -> str:
    """{{ item.fiscal_year|fiscal_year_label }} → 令和7年度. For a date, the filter shows the fiscal year of the date."""
    if isinstance(value, date):
        value = fiscal.fiscal_year(value)
    return fiscal.fiscal_year_label(value) if isinstance(value, int) else ""


@register.simple_tag
def printed_at() -> str:
    """Returns the current time, for the head of a printed page: 令和7年6月10日 9:05"""
    moment = clock.now().astimezone(clock.TOKYO)
    return f"{japanese_dates.era_date(moment)} {moment.hour}:{moment:%M}"


@register.filter
def days_ago(value: object) -> str:
    """{{ item.first_published_at|days_ago }} → 今日, 昨日, 3日前, 2か月前, 1年前. A day in the future is written as a date."""
    if not isinstance(value, date):
        return ""
    days = (clock.today() - japanese_dates.tokyo_day(value)).days
    if days < 0:
        return japanese_dates.era_date(value)
    if days < 2:
        return ("今日", "昨日")[days]
    if days < 31:
        return f"{days}日前"
    return f"{min(days // 30, 11)}か月前" if days < 365 else f"{days // 365}年前"


class UnbrokenNode(template.Node):
    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        return self.nodelist.render(context)


@register.tag
def unbroken(parser: template.base.Parser, token: template.base.Token) -> UnbrokenNode:
    """{% unbroken %}…{% endunbroken %} removes the line breaks of the template. Line breaks inside variables remain.

    Use this tag for a sentence that is longer than one line of the template. A browser would show a line break between
    Japanese words as a space.
    """
    nodelist = parser.parse(("endunbroken",))
    parser.delete_first_token()
    for node in nodelist.get_nodes_by_type(template.base.TextNode):
        assert isinstance(node, template.base.TextNode)
        node.s = re.sub(r"[ \t]*\n[ \t]*", "", node.s)
    return UnbrokenNode(nodelist)
