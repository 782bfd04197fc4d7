"""Safe HTML of the texts of an item or of many rows, made when they are saved and never on a page view.

Texts up to 1,000 characters are rendered here. Longer ones share one child process with a time limit, because
python-markdown needs seconds for some texts of a few kilobytes. No function raises: a text that cannot be rendered is
shown as it was typed, so that nobody's brackets stop a publication.
"""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Mapping
from html import escape

from django.conf import settings

from kb.markdown.conversion import convert, printable_text

IN_PROCESS_CHARACTERS = 1_000
TIME_LIMIT_SECONDS = 2.0
# A child renders more than a million characters of honest text a second.
BATCH_CHARACTERS = 500_000
# -E and -s: the environment of the server does not change what the child imports.
CHILD = [sys.executable, "-E", "-s", "-m", "kb.markdown.conversion"]
logger = logging.getLogger(__name__)


def render(text: str, prefix: str = "") -> str:
    """Safe HTML of one field. `prefix`, its name or an answer's uid, goes into the ids of its footnotes."""
    return render_many({prefix: text})[prefix]


def render_many(fields: Mapping[str, str]) -> dict[str, str]:
    """Safe HTML of the fields of one page, by name. All long ones share one child process and its time limit."""
    rendered: dict[str, str] = {}
    long: dict[str, str] = {}
    for name, text in fields.items():
        if len(text) > IN_PROCESS_CHARACTERS:
            long[name] = text
        else:
            rendered[name] = _render_in_process(text, name)
    if long:
        rendered.update(_render_in_child(long))
    return {name: rendered[name] for name in fields}


def render_rows(texts: Mapping[str, str]) -> dict[str, str]:
    """Safe HTML of the texts of many rows from elsewhere, by key. HTML in them is cleaned, not shown as text.

    A text that uses up the time of its child harms no other: what a child did not finish is tried once more alone.
    """
    rendered: dict[str, str] = {}
    batch: dict[str, str] = {}
    batch_characters = 0
    for key, text in texts.items():
        if len(text) <= IN_PROCESS_CHARACTERS:
            rendered[key] = _render_in_process(text, "", html=True)
            continue
        if batch and batch_characters + len(text) > BATCH_CHARACTERS:
            rendered.update(_render_batch(batch))
            batch, batch_characters = {}, 0
        batch[key] = text
        batch_characters += len(text)
    rendered.update(_render_batch(batch))
    return rendered


def text_as_html(text: str) -> str:
    """The text itself as HTML: a paragraph at every blank line, ``<br>`` at every other line end."""
    paragraphs = re.split(r"\n[ \t]*\n\s*", printable_text(text).strip("\n"))
    return "\n".join(f"<p>{escape(p).replace(chr(10), '<br>')}</p>" for p in paragraphs if p)


def _render_batch(batch: dict[str, str]) -> dict[str, str]:
    rendered = _run_child(batch, html=True) if batch else {}
    for key in batch.keys() - rendered.keys():
        rendered.update(_render_in_child({key: batch[key]}, html=True))
    return rendered


def _render_in_process(text: str, prefix: str, *, html: bool = False) -> str:
    if not text.strip():
        return ""
    try:
        return convert(text, prefix, html=html)
    except Exception:  # python-markdown promises nothing; RecursionError and IndexError were seen
        logger.warning("markdown_shown_as_typed", exc_info=False)
        return text_as_html(text)


def _render_in_child(fields: dict[str, str], *, html: bool = False) -> dict[str, str]:
    rendered = _run_child(fields, html=html)
    if missing := len(fields) - len(rendered):
        logger.warning("markdown_shown_as_typed fields=%d", missing)
    return {name: rendered[name] if name in rendered else text_as_html(fields[name]) for name in fields}


def _run_child(fields: dict[str, str], *, html: bool) -> dict[str, str]:
    """What one child rendered within the time limit. A text that it could not convert is left out."""
    # Shortest first: where one text uses up the time, the others are done before it.
    order = sorted(fields, key=lambda name: len(fields[name]))
    request = json.dumps([[name, fields[name], html] for name in order])
    try:
        completed = subprocess.run(  # noqa: S603 (our own module; the texts go by standard input)
            CHILD, input=request.encode(), capture_output=True, timeout=TIME_LIMIT_SECONDS, cwd=settings.BASE_DIR
        )
        output = completed.stdout
    except subprocess.TimeoutExpired as timeout:
        output = timeout.stdout or b""
    except OSError:  # no process could be started: the machine is out of memory or processes
        output = b""
    rendered = {}
    for line in output.splitlines():
        try:
            number, html_of_text = json.loads(line)
        except ValueError:  # the child was stopped in the middle of this line
            break
        if html_of_text is not None:
            rendered[order[number]] = html_of_text
    return rendered
