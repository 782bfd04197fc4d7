"""Syntax rules within a line: links to items, pasted addresses, struck-out words, ``<br>``, and raw HTML."""

import re
from xml.etree.ElementTree import Element  # This module only builds elements and never parses XML.

from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor, SimpleTagInlineProcessor, SubstituteTagInlineProcessor
from markdown.util import AtomicString

ITEM_LINK = r"\[\[([A-Z]{1,2}-[SHR]\d{2}-\d{5,7})\]\]"
# Only ASCII characters belong to an address, because in Japanese text no space separates an address from the word after
# it.
BARE_URL = r"https?://[A-Za-z0-9\-._~:/?#@!$&'*+,;=%()]*[A-Za-z0-9\-_~/#&=%)]"
LINE_BREAK = r"<br */?>"
STRUCK_OUT = r"(~~)(?=\S)(.+?)(?<=\S)~~"


class ItemLink(InlineProcessor):
    """``[[L-R07-00123]]`` becomes a link to that item.

    Reason: people know an item by its number. Whether the reader may open the item is checked when the link is opened.
    """

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # noqa: N802 (python-markdown's)
        return link(f"/k/{m[1]}/", m[1]), m.start(0), m.end(0)


class BareUrl(InlineProcessor):
    """A pasted address becomes a link. If a sentence puts the address in brackets, the closing bracket is not part of
    the link.

    Reason: nobody types ``<…>`` around an address.
    """

    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # noqa: N802 (python-markdown's)
        url = m[0]
        if url.endswith(")") and url.count(")") > url.count("("):
            url = url[:-1]
        return link(url, url), m.start(0), m.start(0) + len(url)


def register_inline(md: Markdown, *, html: bool) -> None:
    """Registers the inline rules. With `html`, HTML in the text is passed on to the sanitizer; without it, HTML is
    shown as text.
    """
    patterns = md.inlinePatterns
    if html:
        # The priority is below <https://…> (120), and above bare addresses (105), which would break a tag that contains
        # an address.
        patterns.register(patterns["html"], "html", 107)
    else:
        # ``<担当者>`` must be shown as text. As raw HTML it would be an unknown tag and would disappear.
        md.preprocessors.deregister("html_block")
        patterns.deregister("html")
    patterns.register(ItemLink(ITEM_LINK, md), "item_link", 178)
    patterns.register(BareUrl(BARE_URL, md), "bare_url", 105)
    # In a table cell there is no other way to write two lines.
    patterns.register(SubstituteTagInlineProcessor(LINE_BREAK, "br"), "line_break", 90)
    # Every editor that staff know has this syntax, but python-markdown has no rule for it.
    patterns.register(SimpleTagInlineProcessor(STRUCK_OUT, "del"), "struck_out", 55)


def link(url: str, text: str) -> Element:
    element = Element("a", {"href": url})
    element.text = AtomicString(text)
    return element
