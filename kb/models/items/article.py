"""Article (読みもの): a page that the knowledge office writes in the Wagtail admin. It consists of blocks."""

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
        """Returns the Markdown text of each Markdown block, by block id. The HTML of these texts is rendered when the
        article is saved.
        """
        for block in self.body:
            # A block that a program creates has no id before its first save, but `rendered` needs an id as its key.
            block.id = block.id or str(uuid.uuid4())
        return {f"b{block.id}": block.value for block in self.body if block.block_type == "markdown"}

    def body_texts(self) -> list[str]:
        # This reads the stored data and creates no block objects. Creating them took most of the time of a search page,
        # and one query for each image.
        return [text for block in self.body.raw_data for text in _block_texts(block["type"], block["value"]) if text]

    def history_texts(self) -> dict[str, Any]:
        return {"title": self.title, "summary": self.summary, "body": "\n".join(self.body_texts())}

    def image_ids(self) -> set[int]:
        return {block.value["image"].pk for block in self.body if block.block_type == "image" and block.value["image"]}


def _block_texts(block_type: str, value: Any) -> list[str]:
    """Returns the texts of one stored block in reading order."""
    if block_type in ("text", "markdown"):
        return [value]
    if block_type == "image":
        return [value.get("alt", ""), value.get("caption", "")]
    if block_type == "table":
        return [value.get("caption", ""), value.get("text", "").replace("|", " ")]
    return [value.get("title", ""), value.get("text", "")]
