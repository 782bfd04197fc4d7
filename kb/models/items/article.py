"""Article (読みもの): a page of the knowledge office, made of blocks in the Wagtail admin."""

from __future__ import annotations

import uuid
from typing import Any

from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField

from kb.editor.blocks import ArticleBody
from kb.editor.listing import AdminListing
from kb.editor.panels import item_panels
from kb.models.items.item import Item


class Article(Item):
    PREFIX = "A"
    TYPE_LABEL = "読みもの"
    INDEX = ("articles", "読みもの")
    CARD_COLUMNS = ("body",)
    ADMIN_LISTING = AdminListing(icon="doc-full", order=4)
    MADE_IN_ADMIN = True

    body = StreamField(ArticleBody(), verbose_name="本文", blank=True)

    template = "kb/article.html"
    content_panels = item_panels(
        FieldPanel("body", help_text="「＋」で、文章・Markdown・画像・表・囲みを足します。"),
    )
    is_creatable = True

    class Meta:
        verbose_name = "読みもの"
        verbose_name_plural = "読みもの"

    def markdown_texts(self) -> dict[str, str]:
        """The Markdown blocks by block id. Their HTML is rendered at save, as that of every other text."""
        for block in self.body:
            # A block made by a program has no id before its first save, and `rendered` holds its HTML by id.
            block.id = block.id or str(uuid.uuid4())
        return {f"b{block.id}": block.value for block in self.body if block.block_type == "markdown"}

    def body_texts(self) -> list[str]:
        # The stored data, without making blocks: that took most of the time of a search page, and a query for each image.
        return [text for block in self.body.raw_data for text in _block_texts(block["type"], block["value"]) if text]

    def history_texts(self) -> dict[str, Any]:
        return {"title": self.title, "summary": self.summary, "body": "\n".join(self.body_texts())}

    def image_ids(self) -> set[int]:
        return {block.value["image"].pk for block in self.body if block.block_type == "image" and block.value["image"]}


def _block_texts(block_type: str, value: Any) -> list[str]:
    """The texts of one stored block, in reading order."""
    if block_type in ("text", "markdown"):
        return [value]
    if block_type == "image":
        return [value.get("alt", ""), value.get("caption", "")]
    if block_type == "table":
        return [value.get("caption", ""), value.get("text", "").replace("|", " ")]
    return [value.get("title", ""), value.get("text", "")]
