"""Filters of the learner's pages: remaining days, time needed, assigner, badge of a record. Without queries."""

from __future__ import annotations

from datetime import date

from django import template

from learning.models import Assignment
from organization import clock

register = template.Library()


@register.filter
def days_left(value: object) -> str:
    """{{ assignment.due_on|days_left }} → あと12日, 今日まで, 3日過ぎています"""
    if not isinstance(value, date):
        return ""
    days = (value - clock.today()).days
    if days == 0:
        return "今日まで"
    return f"あと{days}日" if days > 0 else f"{-days}日過ぎています"


@register.filter
def from_day(value: object) -> str:
    """{{ assignment.start_on|from_day }} → 4月1日から"""
    return f"{value.month}月{value.day}日から" if isinstance(value, date) else ""


@register.filter
def time_needed(minutes: object) -> str:
    """{{ step.minutes|time_needed }} → 10分, 2時間, 1時間30分"""
    if not isinstance(minutes, int):
        return ""
    hours, remainder = divmod(minutes, 60)
    return f"{f'{hours}時間' if hours else ''}{f'{remainder}分' if remainder or not hours else ''}"


@register.filter
def giver(assignment: Assignment) -> str:
    """The origin of the assignment: the name of the manager who assigned it, or another sentence part."""
    if assignment.source == "self":
        return "自分で始めました"
    if assignment.assigned_by is not None and assignment.source == "manager":
        return f"{assignment.assigned_by.name}さんから"
    return {"rule": "割当規則により", "office": "研修担当から"}.get(assignment.source, "所属長から")


@register.filter
def record_badge(status: str) -> str:
    return {"completed": "closed", "passed": "closed", "attended": "published", "failed": "missed"}.get(status, "plain")
