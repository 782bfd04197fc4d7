"""Markdown to safe HTML, at publish and never on a page view; what cannot be rendered is shown as it was typed.

Texts up to 1,000 characters are rendered here; longer ones together in one child process with a time limit,
because python-markdown needs seconds for some texts of a few kilobytes. Neither ever raises: a publish must not
fail because of somebody's brackets. What the words may become is in ``markdown_rules`` and ``markdown_syntax``.
"""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser

from django.conf import settings

from kb.markdown.rules import render_one, typed_text

IN_PROCESS_CHARACTERS = 1_000
TIME_LIMIT_SECONDS = 2.0
# Of honest text a child renders more than a million characters a second.
LOT_CHARACTERS = 500_000
# -E and -s: nothing of the server's environment changes what the child imports.
CHILD = [sys.executable, "-E", "-s", "-m", "kb.markdown.rules"]
logger = logging.getLogger(__name__)


def render(text: str, prefix: str = "") -> str:
    """Safe HTML of one field; ``prefix`` (its name, or an answer's uid) keeps its footnote ids apart from others'."""
    return render_many({prefix: text})[prefix]


def render_many(fields: Mapping[str, str]) -> dict[str, str]:
    """Safe HTML of several fields of one page, by name; all the long ones share one child process and its limit."""
    rendered: dict[str, str] = {}
    long: dict[str, str] = {}
    for name, text in fields.items():
        if len(text) > IN_PROCESS_CHARACTERS:
            long[name] = text
        else:
            rendered[name] = _render_here(text, name)
    if long:
        rendered.update(_render_in_child(long))
    return {name: rendered[name] for name in fields}


def render_lot(texts: Mapping[str, str]) -> dict[str, str]:
    """Safe HTML of the texts of many rows from elsewhere, by key; the HTML that is in them is cleaned, not shown.

    A text that eats the time of its child spoils no other: what a child did not finish is tried once more alone.
    """
    rendered: dict[str, str] = {}
    group: dict[str, str] = {}
    waiting = 0
    for key, text in texts.items():
        if len(text) <= IN_PROCESS_CHARACTERS:
            rendered[key] = _render_here(text, "", html=True)
            continue
        if group and waiting + len(text) > LOT_CHARACTERS:
            rendered.update(_render_group(group))
            group, waiting = {}, 0
        group[key], waiting = text, waiting + len(text)
    rendered.update(_render_group(group))
    return rendered


def _render_group(group: dict[str, str]) -> dict[str, str]:
    done = _finished_in_child(group, html=True) if group else {}
    for key in group.keys() - done.keys():
        done.update(_render_in_child({key: group[key]}, html=True))
    return done


def as_typed(text: str) -> str:
    """The text itself as HTML: paragraphs at blank lines, ``<br>`` at the others."""
    paragraphs = re.split(r"\n[ \t]*\n\s*", typed_text(text).strip("\n"))
    return "\n".join(f"<p>{escape(p).replace(chr(10), '<br>')}</p>" for p in paragraphs if p)


def _render_here(text: str, prefix: str, *, html: bool = False) -> str:
    if not text.strip():
        return ""
    try:
        return render_one(text, prefix, html=html)
    except Exception:  # RecursionError and IndexError among them: the converter promises nothing
        logger.warning("markdown_shown_as_typed", exc_info=False)
        return as_typed(text)


def _render_in_child(fields: dict[str, str], *, html: bool = False) -> dict[str, str]:
    rendered = _finished_in_child(fields, html=html)
    if missing := len(fields) - len(rendered):
        logger.warning("markdown_shown_as_typed fields=%d", missing)
    return {name: rendered[name] if name in rendered else as_typed(fields[name]) for name in fields}


def _finished_in_child(fields: dict[str, str], *, html: bool) -> dict[str, str]:
    """What one child rendered before its time was up; what broke the converter is not among it."""
    # Shortest first: where one text eats the time, the others are done before it.
    order = sorted(fields, key=lambda name: len(fields[name]))
    request = json.dumps([[name, fields[name], html] for name in order])
    try:
        done = subprocess.run(  # noqa: S603 (our own module; the texts go by standard input)
            CHILD, input=request.encode(), capture_output=True, timeout=TIME_LIMIT_SECONDS, cwd=settings.BASE_DIR
        )
        output = done.stdout
    except subprocess.TimeoutExpired as stopped:
        output = stopped.stdout or b""
    except OSError:  # no process to be had: the machine is out of memory or processes
        output = b""
    rendered = {}
    for line in output.splitlines():
        try:
            number, made = json.loads(line)
        except ValueError:  # a line cut off when the child was stopped
            break
        if made is not None:
            rendered[order[number]] = made
    return rendered


class _Words(HTMLParser):
    """Collects the words of our own HTML, a line for each block, without footnote numbers and arrows."""

    BLOCKS = frozenset("p br hr h3 h4 h5 h6 ul ol li blockquote pre div table tr".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.skipping = ""
        self.in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_code = self.in_code or tag == "pre"
        of_footnote = (dict(attrs).get("class") or "") in ("footnote-ref", "footnote-backref")
        if not self.skipping and of_footnote:
            self.skipping = tag
        elif tag in self.BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.in_code = self.in_code and tag != "pre"
        if tag == self.skipping:
            self.skipping = ""
        elif tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.parts.append(data if self.in_code else data.replace("\n", " "))


def plain_text(html: str) -> str:
    """The words of rendered HTML, one block a line, for the index and for summaries."""
    words = _Words()
    words.feed(html)
    words.close()
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(words.parts).split("\n"))
    return "\n".join(line for line in lines if line)
