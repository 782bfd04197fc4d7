"""The HTML of a Markdown block of an article, made when the article was saved."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def rendered_block(context: dict[str, Any], item: Any, value: Any) -> str:
    """The stored HTML of the block being shown; nothing is rendered here."""
    block = next((b for b in item.body if b.block_type == "markdown" and b.value is value), None)
    html = item.rendered.get(f"b{block.id}", "") if block is not None else ""
    return mark_safe(html)  # noqa: S308  (made by kb.markdown.rendering, sanitised there)
