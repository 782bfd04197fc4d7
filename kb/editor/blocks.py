"""The blocks of an article: text, Markdown, image, table and callout.

Markdown is rendered to HTML when the article is saved, never on a page view. Readers get images only from a view that
applies the access policy (kb.reading.views.images), never by file address.
"""

from __future__ import annotations

from typing import Any

from wagtail import blocks
from wagtail.images.blocks import ImageChooserBlock


class TableBlock(blocks.StructBlock):
    """A table that is typed as text: one line per row, | between the cells, and the header in the first line."""

    caption = blocks.CharBlock(label="表の題", max_length=100)
    text = blocks.TextBlock(label="表", help_text="一行に一段。欄は「|」で区切ります。一行目が見出しです。")

    class Meta:
        icon = "table"
        label = "表"
        template = "kb/blocks/table.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context)
        lines = [line for line in (value.get("text") or "").splitlines() if line.strip()]
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
        return {**context, "header": rows[0] if rows else [], "rows": rows[1:]}


class CalloutBlock(blocks.StructBlock):
    title = blocks.CharBlock(label="見出し", max_length=60)
    text = blocks.TextBlock(label="本文")

    class Meta:
        icon = "info-circle"
        label = "囲み"
        template = "kb/blocks/callout.html"


class ImageBlock(blocks.StructBlock):
    image = ImageChooserBlock(label="画像")
    alt = blocks.CharBlock(label="代わりの文", help_text="画像が見えない人に伝わる一文。", max_length=200)
    caption = blocks.CharBlock(label="説明", required=False, max_length=200)

    class Meta:
        icon = "image"
        label = "画像"
        template = "kb/blocks/image.html"


class ArticleBody(blocks.StreamBlock):
    text = blocks.TextBlock(label="文章", icon="pilcrow", template="kb/blocks/text.html")
    markdown = blocks.TextBlock(label="Markdown", icon="code", template="kb/blocks/markdown.html")
    image = ImageBlock()
    table = TableBlock()
    callout = CalloutBlock()

    class Meta:
        required = False
