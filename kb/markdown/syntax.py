"""What staff type, as python-markdown understands it: our choice of its parts, and the small parts of our own.

Staff type lines, not Markdown. So a line break is a line break, a list needs no blank line before it and nests
by any indent, a bare address becomes a link, ``---`` under a line is a dividing line (it is one in every office
mail), an indented line is not program code, and ``<担当者>`` is text: raw HTML is never passed on, so nothing
that was typed disappears. Texts from elsewhere were written for other pages: their HTML is passed on, if asked for,
for ``markdown_rules`` to clean. Imports neither Django nor anything of ours, so that the child process starts fast.
"""

import re
from xml.etree.ElementTree import Element  # only built here, never parsed

from markdown import Markdown
from markdown.blockprocessors import HashHeaderProcessor
from markdown.extensions import Extension
from markdown.extensions.fenced_code import FencedCodeExtension
from markdown.extensions.footnotes import FootnoteExtension
from markdown.extensions.nl2br import Nl2BrExtension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.tables import TableExtension
from markdown.inlinepatterns import InlineProcessor, SimpleTagInlineProcessor, SubstituteTagInlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

ITEM_LINK = r"\[\[([A-Z]{1,2}-[SHR]\d{2}-\d{5,7})\]\]"
# Only ASCII that may stand in an address: Japanese text follows an address without a space.
BARE_ADDRESS = r"https?://[A-Za-z0-9\-._~:/?#@!$&'*+,;=%()]*[A-Za-z0-9\-_~/#&=%)]"
LIST_LINE = re.compile(r"^(?P<indent> *)(?P<marker>[-*+]|\d{1,9}\.)(?P<gap> +)(?=\S)")
TABLE_RULE = re.compile(r"^ *\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?$")
DIVIDING_LINE = re.compile(r"^ {0,3}([-*_])(?: *\1){2,} *$")
TASK = re.compile(r"^\[([ xX])\] +")
LIST_INDENT = 4  # what python-markdown asks for one level


class TypedLines(Preprocessor):
    """Give lists and tables the blank lines and indents that python-markdown needs and people do not type."""

    def run(self, lines: list[str]) -> list[str]:
        result: list[str] = []
        open_items: list[int] = []  # indents of the list items that the line may lie in
        for number, line in enumerate(lines):
            after_text = bool(result and result[-1].strip())
            item = None if DIVIDING_LINE.match(line) else LIST_LINE.match(line)
            if item:
                indent = len(item["indent"])
                # "12. 月" at a line's start is a sentence going on; only "1." begins a numbered list.
                begins = item["marker"] in "-*+" or item["marker"] == "1." or not after_text
                if open_items or begins:
                    while open_items and indent < open_items[-1] + 2:
                        open_items.pop()
                    if not open_items and after_text and not LIST_LINE.match(result[-1]):
                        result.append("")
                    line = " " * (LIST_INDENT * len(open_items)) + line[indent:]
                    open_items.append(indent)
            elif not line.strip():
                pass
            elif open_items and not after_text:
                indent = len(line) - len(line.lstrip(" "))
                while open_items and indent < open_items[-1] + 2:
                    open_items.pop()
                line = " " * (LIST_INDENT * len(open_items)) + line.lstrip(" ")
            elif "|" in line and after_text and number + 1 < len(lines) and TABLE_RULE.match(lines[number + 1]):
                result.append("")
            result.append(line)
        return result


class SpacedHeading(HashHeaderProcessor):
    """``# 見出し`` is a heading; ``#1`` and ``#学び`` are words."""

    RE = re.compile(r"(?:^|\n)(?P<level>#{1,6})(?=[ \u3000])(?P<header>(?:\\.|[^\\])*?)#*(?:\n|$)")


class ItemLink(InlineProcessor):
    """``[[L-R07-00123]]`` leads to that item; whether it may be opened is asked there, not here."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # noqa: N802 (python-markdown's)
        return _link(f"/k/{m[1]}/", m[1]), m.start(0), m.end(0)


class BareAddress(InlineProcessor):
    """An address pasted as it is becomes a link."""

    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # noqa: N802 (python-markdown's)
        address = m[0]
        if address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1]
        return _link(address, address), m.start(0), m.start(0) + len(address)


class TaskItems(Treeprocessor):
    """``- [ ]`` and ``- [x]``: a drawn box with a name, no form control (nothing happens when it is pressed)."""

    def run(self, root: Element) -> None:
        for item in root.iter("li"):
            holder = item[0] if len(item) and item[0].tag == "p" and not (item.text or "").strip() else item
            task = TASK.match(holder.text or "")
            if not task:
                continue
            done = task[1] != " "
            item.set("class", "kb-task")
            box = Element("span", {"class": "kb-task-box", "role": "img", "aria-label": "済み" if done else "未了"})
            box.text = AtomicString("☑" if done else "☐")
            box.tail = " " + (holder.text or "")[task.end() :]
            holder.text = None
            holder.insert(0, box)


class PageFit(Treeprocessor):
    """Fit the text into a page of ours: lower headings, tables that scroll in a region, no pictures from outside."""

    def run(self, root: Element) -> None:
        for parent in list(root.iter()):
            for place, child in enumerate(list(parent)):
                if child.tag == "table":
                    parent[place] = _scrolling(child)
                elif child.tag == "img":
                    parent[place] = _picture_link(child)
                elif re.fullmatch(r"h[1-6]", child.tag):
                    child.tag = f"h{min(int(child.tag[1]) + 2, 6)}"


class FieldFootnotes(FootnoteExtension):
    """Footnotes whose ids carry the field's prefix, so that two fields on one page do not share an id."""

    def __init__(self, prefix: str) -> None:
        self.prefix = f"{prefix}-" if prefix else ""
        super().__init__(SEPARATOR="-", BACKLINK_TITLE="脚注{}の本文にもどる")

    def _number(self, label: str) -> int:
        return list(self.footnotes).index(label) + 1

    def makeFootnoteId(self, id: str) -> str:  # noqa: N802 (python-markdown's)
        return f"fn-{self.prefix}{self._number(id)}"

    def makeFootnoteRefId(self, id: str, found: bool = False) -> str:  # noqa: N802 (python-markdown's)
        return str(self.unique_ref(f"fnref-{self.prefix}{self._number(id)}", found))


class StaffText(Extension):
    """Our own parts, put in their places, and what we leave out of python-markdown."""

    def __init__(self, *, html: bool) -> None:
        self.html = html
        super().__init__()

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (python-markdown's)
        if self.html:
            # Before bare addresses (105), which would break the tag around one; after <https://…> (120, 110).
            md.inlinePatterns.register(md.inlinePatterns["html"], "html", 107)
        else:
            md.preprocessors.deregister("html_block")
            md.inlinePatterns.deregister("html")
        md.parser.blockprocessors.deregister("setextheader")
        md.parser.blockprocessors.deregister("code")
        md.parser.blockprocessors.register(SpacedHeading(md.parser), "hashheader", 70)
        # After fenced code (25) is put aside, so that a fence's lines stay as they are.
        md.preprocessors.register(TypedLines(md), "typed_lines", 22)
        md.inlinePatterns.register(ItemLink(ITEM_LINK, md), "item_link", 178)
        md.inlinePatterns.register(BareAddress(BARE_ADDRESS, md), "bare_address", 105)
        md.inlinePatterns.register(SubstituteTagInlineProcessor(r"<br */?>", "br"), "typed_br", 90)
        md.inlinePatterns.register(SimpleTagInlineProcessor(r"(~~)(?=\S)(.+?)(?<=\S)~~", "del"), "del", 55)
        md.treeprocessors.register(TaskItems(md), "task_items", 30)
        md.treeprocessors.register(PageFit(md), "page_fit", 10)


def converter(prefix: str, *, html: bool = False) -> Markdown:
    """A fresh converter: it holds the state of one text, so it is not shared between threads."""
    return Markdown(
        extensions=[
            TableExtension(use_align_attribute=True),  # an inline style would be refused by our CSP
            FencedCodeExtension(),
            SaneListExtension(),
            Nl2BrExtension(),
            FieldFootnotes(prefix),
            StaffText(html=html),
        ],
        output_format="html",
    )


def _link(address: str, text: str) -> Element:
    link = Element("a", {"href": address})
    link.text = AtomicString(text)
    return link


def _picture_link(img: Element) -> Element:
    """A picture elsewhere would be a request that leaves the host: its words stay, as a link to it."""
    address = img.get("src") or ""
    link = _link(address, img.get("alt") or address)
    link.tail = img.tail
    return link


def _scrolling(table: Element) -> Element:
    headings = list(table.iter("th"))
    for heading in headings:
        heading.set("scope", "col")
    words = "、".join(text for text in ("".join(h.itertext()).strip() for h in headings) if text)
    region = Element(
        "div",
        {"class": "kb-table-scroll", "role": "region", "tabindex": "0", "aria-label": f"表：{words}"[:60]},
    )
    region.tail, table.tail = table.tail, None
    region.append(table)
    return region
