"""Article (読みもの): a page of the knowledge office, made of blocks in the Wagtail admin."""

from __future__ import annotations

import uuid
from typing import Any

from wagtail.fields import StreamField
from wagtail.models import Page

from kb.admin import panels
from kb.blocks import ArticleBody
from kb.models.item import Item, State


class Article(Item):
    PREFIX = "A"
    TYPE_LABEL = "読みもの"
    INDEX = ("articles", "読みもの")

    body = StreamField(ArticleBody(), verbose_name="本文", blank=True)

    template = "kb/article.html"
    content_panels = panels.ARTICLE
    parent_page_types = ["kb.YearPage"]
    subpage_types: list[str] = []
    is_creatable = True

    class Meta:
        verbose_name = "読みもの"
        verbose_name_plural = "読みもの"

    @classmethod
    def can_create_at(cls, parent: Page) -> bool:
        return bool(cls.can_exist_under(parent))

    @property
    def may_change_in_office(self) -> bool:
        """Also before its first publication: the office writes it here."""
        return self.state != State.WITHDRAWN

    def markdown_texts(self) -> dict[str, str]:
        """The Markdown blocks, keyed by block id, so that their HTML is made at save like every other text."""
        for block in self.body:
            # A block made by a program has no id before its first save, and the HTML needs one to be found by.
            block.id = block.id or str(uuid.uuid4())
        return {f"b{block.id}": block.value for block in self.body if block.block_type == "markdown"}

    def body_texts(self) -> list[str]:
        # As stored: to make blocks of them took most of what a search page takes for an article, and asked for images.
        return [text for block in self.body.raw_data for text in _texts(block["type"], block["value"]) if text]

    def image_ids(self) -> set[int]:
        """Ids of the images that the body shows: the image view serves these and no others."""
        return {block.value["image"].pk for block in self.body if block.block_type == "image" and block.value["image"]}


def _texts(block_type: str, value: Any) -> list[str]:
    if block_type in ("text", "markdown"):
        return [value]
    if block_type == "image":
        return [value.get("alt", ""), value.get("caption", "")]
    if block_type == "table":
        return [value.get("caption", ""), value.get("text", "").replace("|", " ")]
    return [value.get("title", ""), value.get("text", "")]
