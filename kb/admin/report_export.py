"""Mixin for the CSV and XLSX exports of the admin. No cell becomes a formula, and Excel reads the CSV as UTF-8.

The view that uses the mixin checks who may see the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wagtail.admin.views.mixins import SpreadsheetExportMixin

from imports.downloads import BOM, defused


class SafeSpreadsheetExportMixin(SpreadsheetExportMixin):
    def preprocess_field_value(self, field: str, value: Any, export_format: str) -> Any:
        return defused(super().preprocess_field_value(field, value, export_format))

    def stream_csv(self, queryset: Any) -> Iterator[Any]:
        yield BOM
        yield from super().stream_csv(queryset)
