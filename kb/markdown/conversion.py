"""Converts one text to safe HTML: python-markdown converts it, and the sanitizer cleans it. Imports neither Django nor
a model.

As a program, this module is the child process of `kb.markdown.rendering`. It reads a JSON list of [prefix, text, html]
from standard input. For each entry it writes one JSON line [number, html or null] to standard output. The child has
time and memory limits of its own: 4 KB of ``[`` take seconds, and they must stop the child and not a web server.
"""

import json
import re
import sys

from kb.markdown.extension import converter
from kb.markdown.sanitizer import CLEANER

UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
SURROGATES = re.compile("[\ud800-\udfff]")
# The HTML of a table with one long heading row and many empty rows is six hundred times as long as the text. For normal
# texts the factor is below fifty.
MAX_GROWTH = 50
GROWTH_FREE_CHARACTERS = 10_000
CPU_SECONDS = 3
MEMORY_BYTES = 1024**3


def printable_text(text: str) -> str:
    """Returns `text` with one kind of line end (also for line ends from Word), and without characters that cannot be
    shown or encoded.
    """
    text = re.sub("\r\n?|[\x0b\x0c]", "\n", text)
    return SURROGATES.sub("\ufffd", UNPRINTABLE.sub("", text))


def convert(text: str, prefix: str = "", *, html: bool = False) -> str:
    """Returns the safe HTML of `text`. With `html`, HTML in the text is cleaned; without it, HTML is shown as text.

    Raises OverflowError if the HTML is out of proportion to the length of the text. Also passes on every exception of python-markdown.
    """
    converted = converter(re.sub(r"[^A-Za-z0-9_-]", "-", prefix), html=html).convert(printable_text(text))
    if len(converted) > GROWTH_FREE_CHARACTERS + MAX_GROWTH * len(text):
        raise OverflowError("the HTML is out of all proportion to the text")
    return CLEANER.clean(converted)


def _main() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for number, (prefix, text, html) in enumerate(json.load(sys.stdin)):
        converted: str | None
        try:
            converted = convert(text, prefix, html=html)
        except Exception:  # null means: show this text as it was typed.
            converted = None
        print(json.dumps([number, converted]), flush=True)


if __name__ == "__main__":
    _main()
