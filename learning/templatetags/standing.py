"""The standing of an assignment as it is drawn in grids of hundreds of cells. It asks the database nothing.

Each badge is drawn once a process from its component, for it depends on nothing but the standing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from django import template
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from learning.models import STANDINGS

register = template.Library()


@register.filter
def badge(standing: str) -> SafeString:
    """{{ "late"|badge }}"""
    return _drawn(standing)


def badge_cells(rows: Iterable[tuple[str, int] | None], url: str, name: str) -> SafeString:
    """A table's cells for (standing, pk of the assignment): the badge that opens the row on the page `url` and says
    whose it is; a dash where there is none.
    """
    # Escaped once a person and put together by hand: format_html for each of hundreds of cells is a tenth of the page.
    href, whose = escape(url), escape(name)
    cells = (
        f'<a class="kb-standing" href="{href}#a-{int(row[1])}">{_drawn(row[0])}'
        f'<span class="kb-visually-hidden">：{whose}</span></a>'
        if row
        else _drawn("")
        for row in rows
    )
    return mark_safe("".join(f"<td>{cell}</td>" for cell in cells))  # noqa: S308 -- its parts are escaped above


@cache
def _drawn(standing: str) -> SafeString:
    return render_to_string("components/standing.html", {"code": standing, "label": STANDINGS.get(standing, "")})
