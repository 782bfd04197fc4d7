"""Renders the texts of an item or of many rows to safe HTML. This happens when they are saved and never on a page view.

Texts up to 1,000 characters are rendered in the current process. Longer texts share one child process with a time
limit, because python-markdown needs seconds for some texts of a few kilobytes. No function raises an exception. A text
that cannot be rendered is shown as it was typed, so that no unusual text can stop a publication.
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
# A child process renders more than a million characters of normal text per second.
BATCH_CHARACTERS = 500_000
# With -E and -s, the environment of the server cannot change what the child process imports.
CHILD = [sys.executable, "-E", "-s", "-m", "kb.markdown.conversion"]
logger = logging.getLogger(__name__)


def render(text: str, prefix: str = "") -> str:
    """Returns the safe HTML of one field. `prefix` becomes part of the ids of footnotes. It is the name of the field,
    or the uid of an answer.
    """
    return render_many({prefix: text})[prefix]


def render_many(fields: Mapping[str, str]) -> dict[str, str]:
    """Returns the safe HTML of the fields of one page, by name. All long fields share one child process and its time
    limit.
    """
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
    """Returns the safe HTML of the texts of many rows from outside the organisation, by key. HTML in the texts is
    cleaned and not shown as text.

    If one text uses up the time limit of a child process, the other texts do not suffer: each text that the child did
    not finish is tried once more in a child of its own.
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
    """Returns the text itself as HTML: a blank line begins a paragraph, every other line end becomes ``<br>``."""
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
    # python-markdown does not promise which exceptions it raises. RecursionError and IndexError have been seen.
    except Exception:
        logger.warning("markdown_shown_as_typed", exc_info=False)
        return text_as_html(text)


def _render_in_child(fields: dict[str, str], *, html: bool = False) -> dict[str, str]:
    rendered = _run_child(fields, html=html)
    if missing := len(fields) - len(rendered):
        logger.warning("markdown_shown_as_typed fields=%d", missing)
    return {name: rendered[name] if name in rendered else text_as_html(fields[name]) for name in fields}


def _run_child(fields: dict[str, str], *, html: bool) -> dict[str, str]:
    """Returns what one child process rendered within the time limit. A text that the child could not convert is left
    out.
    """
    # The shortest texts come first: if one text uses up the time, the texts before it are already rendered.
    order = sorted(fields, key=lambda name: len(fields[name]))
    request = json.dumps([[name, fields[name], html] for name in order])
    try:
        completed = subprocess.run(  # noqa: S603 (our own module; the texts go by standard input)
            CHILD, input=request.encode(), capture_output=True, timeout=TIME_LIMIT_SECONDS, cwd=settings.BASE_DIR
        )
        output = completed.stdout
    except subprocess.TimeoutExpired as timeout:
        output = timeout.stdout or b""
    except OSError:  # No process could be started, because the machine has no memory or no processes left.
        output = b""
    rendered = {}
    for line in output.splitlines():
        try:
            number, html_of_text = json.loads(line)
        except ValueError:  # The child process was stopped in the middle of this line.
            break
        if html_of_text is not None:
            rendered[order[number]] = html_of_text
    return rendered
