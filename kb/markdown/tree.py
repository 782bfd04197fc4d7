"""Rules for the finished tree of elements: task lists, and changes that make a text fit into a page of the product."""

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element  # This module only builds elements and never parses XML.

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from kb.markdown.inline import link

TASK = re.compile(r"^\[([ xX])\] +")
HEADING = re.compile(r"h[1-6]")
LABEL_CHARACTERS = 60


class TaskItems(Treeprocessor):
    """``- [ ]`` and ``- [x]`` become list items with a drawn box. The box has an accessible name.

    Reason: a real checkbox would suggest that a click changes something.
    """

    def run(self, root: Element) -> None:
        for item in root.iter("li"):
            holder = item[0] if len(item) and item[0].tag == "p" and not (item.text or "").strip() else item
            if task := TASK.match(holder.text or ""):
                item.set("class", "kb-task")
                done = task[1] != " "
                box = Element("span", {"class": "kb-task-box", "role": "img", "aria-label": "済み" if done else "未了"})
                box.text = AtomicString("☑" if done else "☐")
                box.tail = " " + (holder.text or "")[task.end() :]
                holder.text = None
                holder.insert(0, box)


class LowerHeadings(Treeprocessor):
    """Headings begin at ``h3``, because the page already has an ``h1`` and the field already has an ``h2``."""

    def run(self, root: Element) -> None:
        for element in root.iter():
            if HEADING.fullmatch(element.tag):
                element.tag = f"h{min(int(element.tag[1]) + 2, 6)}"


class ScrollingTables(Treeprocessor):
    """Puts each table into a region that scrolls and has a name, because a wide table must not make the page wider than
    a phone.
    """

    def run(self, root: Element) -> None:
        _replace(root, "table", _scrolling_region)


class PictureLinks(Treeprocessor):
    """A picture from another host becomes a link with its alt text, because loading it would send a request to that
    host.
    """

    def run(self, root: Element) -> None:
        _replace(root, "img", _picture_link)


def register_tree(md: Markdown) -> None:
    processors = (TaskItems, 30), (LowerHeadings, 10), (ScrollingTables, 9), (PictureLinks, 8)
    for processor, priority in processors:
        md.treeprocessors.register(processor(md), processor.__name__, priority)


def _replace(root: Element, tag: str, replacement: Callable[[Element], Element]) -> None:
    for parent in list(root.iter()):
        for index, child in enumerate(list(parent)):
            if child.tag == tag:
                tail, child.tail = child.tail, None
                parent[index] = replacement(child)
                parent[index].tail = tail


def _picture_link(picture: Element) -> Element:
    url = picture.get("src") or ""
    return link(url, picture.get("alt") or url)


def _scrolling_region(table: Element) -> Element:
    headings = list(table.iter("th"))
    for heading in headings:
        heading.set("scope", "col")
    texts = ("".join(heading.itertext()).strip() for heading in headings)
    label = f"表：{'、'.join(text for text in texts if text)}"[:LABEL_CHARACTERS]
    region = Element("div", {"class": "kb-table-scroll", "role": "region", "tabindex": "0", "aria-label": label})
    region.append(table)
    return region
