"""Tables that leave the admin as CSV or XLSX: safe in a spreadsheet program, and readable in Excel.

A cell that begins like a formula is made text by a leading apostrophe. It refuses to know what is in the table:
the view that mixes it in has asked the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wagtail.admin.views.mixins import SpreadsheetExportMixin

#: What spreadsheet programs take for the beginning of a formula, full-width forms included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
BOM = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as Shift_JIS


def defused(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


class SafeExport(SpreadsheetExportMixin):
    def preprocess_field_value(self, field: str, value: Any, export_format: str) -> Any:
        return defused(super().preprocess_field_value(field, value, export_format))

    def stream_csv(self, queryset: Any) -> Iterator[Any]:
        yield BOM
        yield from super().stream_csv(queryset)
