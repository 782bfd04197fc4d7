"""Tables that leave the admin as CSV or XLSX: safe in a spreadsheet program, and readable in Excel.

A cell that begins like a formula is made text by a leading apostrophe, one that looks so made by another, so that
whoever takes one away has what it was (``learning.imports.cells``). It refuses to know what is in the table:
the view that mixes it in has asked the policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from wagtail.admin.views.mixins import SpreadsheetExportMixin

#: What spreadsheet programs take for the beginning of a formula, full-width forms included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
BOM = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as Shift_JIS


#: What the format of Excel cannot hold; nobody sees it.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def shown(value: Any) -> Any:
    """As it can leave: a text without the control characters that a spreadsheet cannot hold."""
    return CONTROL.sub("", value) if isinstance(value, str) else value


def defused(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.lstrip("'").startswith(FORMULA) else value


class SafeExport(SpreadsheetExportMixin):
    def preprocess_field_value(self, field: str, value: Any, export_format: str) -> Any:
        return defused(super().preprocess_field_value(field, value, export_format))

    def stream_csv(self, queryset: Any) -> Iterator[Any]:
        yield BOM
        yield from super().stream_csv(queryset)
