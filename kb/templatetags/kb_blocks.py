"""The template tag for Markdown blocks of an article. The HTML of the blocks was rendered when the
article was saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.safestring import mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def rendered_block(context: Mapping[str, Any], item: Any, value: Any) -> str:
    """Returns the stored HTML of the block with this value. This tag renders nothing."""
    blocks = (block for block in item.body if block.block_type == "markdown" and block.value is value)
    block = next(blocks, None)
    html = item.rendered.get(f"b{block.id}", "") if block is not None else ""
    return mark_safe(html)  # noqa: S308  (kb.markdown.rendering has sanitised it)
