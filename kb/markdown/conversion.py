"""One text to safe HTML: python-markdown converts it, the sanitizer cleans it. Imports neither Django nor a model.

Run as a module, it is the child process of `kb.markdown.rendering`. It reads a JSON list of [prefix, text, html] from
standard input and writes one JSON line [number, html or null] for each to standard output. The child has limits of
time and memory of its own: 4 KB of ``[`` takes seconds, and must end here and not in a web server.
"""

import json
import re
import sys

from kb.markdown.extension import converter
from kb.markdown.sanitizer import CLEANER

UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
SURROGATES = re.compile("[\ud800-\udfff]")
# A table of one long heading row and many empty rows grows six hundredfold; no honest text grows fiftyfold.
MAX_GROWTH = 50
GROWTH_FREE_CHARACTERS = 10_000
CPU_SECONDS = 3
MEMORY_BYTES = 1024**3


def printable_text(text: str) -> str:
    """`text` with one kind of line end (Word's included), and without characters that cannot be shown or encoded."""
    text = re.sub("\r\n?|[\x0b\x0c]", "\n", text)
    return SURROGATES.sub("\ufffd", UNPRINTABLE.sub("", text))


def convert(text: str, prefix: str = "", *, html: bool = False) -> str:
    """Safe HTML of `text`. `html`: clean the HTML in the text instead of showing it as text.

    Raises OverflowError if the HTML is out of all proportion to the text, and whatever python-markdown raises.
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
        except Exception:  # null says: show this text as it was typed
            converted = None
        print(json.dumps([number, converted]), flush=True)


if __name__ == "__main__":
    _main()
