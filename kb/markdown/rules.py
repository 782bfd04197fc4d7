"""One text to safe HTML: conversion, then nh3 with our own list of what may stay. Pure, and free of Django.

Run as a module it is the child process of ``kb.markdown.rendering``: a JSON list of [prefix, text, html] on standard input, one
JSON line [number, html or null] for each on standard output, under limits of its own, so that a text that takes
for ever (4 KB of ``[`` takes seconds) ends there and not in a web server. It refuses to decide what is shown
when a text cannot be rendered: that is ``kb.markdown.rendering``'s.
"""

import json
import re
import sys

import nh3

from kb.markdown.syntax import converter

TAGS = set("p br hr h3 h4 h5 h6 ul ol li blockquote pre code strong em del a sup div span".split())
TAGS |= set("table thead tbody tr th td".split())
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "li": {"id"}, "sup": {"id"}, "div": {"aria-label"}}
ATTRIBUTES["span"] = {"aria-label"}
VALUES = {
    "div": {"role": {"region"}, "tabindex": {"0"}},
    "span": {"role": {"img"}},
    "th": {"scope": {"col"}, "align": {"left", "center", "right"}},
    "td": {"align": {"left", "center", "right"}},
}
CLASSES = {
    "div": {"kb-table-scroll", "footnote"},
    "span": {"kb-task-box"},
    "li": {"kb-task"},
    "a": {"footnote-ref", "footnote-backref"},
}
SCHEMES = {"http", "https", "mailto", "tel"}
OWN_ID = re.compile(r"fn(ref\d*)?-[A-Za-z0-9_-]+")
UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
NOT_TEXT = re.compile("[\ud800-\udfff]")
# A table of one long heading row and many empty ones grows six hundredfold; no honest text grows by fifty.
GROWTH = 50
GROWTH_FREE = 10_000
CPU_SECONDS = 3
MEMORY_BYTES = 1024**3


def _own_ids_only(tag: str, attribute: str, value: str) -> str | None:
    """An id of the page (``main``, ``content``) must not be taken by a text."""
    return value if attribute != "id" or OWN_ID.fullmatch(value) else None


CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    tag_attribute_values=VALUES,
    allowed_classes=CLASSES,
    url_schemes=SCHEMES,
    attribute_filter=_own_ids_only,
    link_rel="noopener",
)


def typed_text(text: str) -> str:
    """The text as it can be shown: one kind of line end (Word's too), nothing that no font draws or UTF-8 refuses."""
    text = re.sub("\r\n?|[\x0b\x0c]", "\n", text)
    return NOT_TEXT.sub("\ufffd", UNPRINTABLE.sub("", text))


def render_one(text: str, prefix: str = "", *, html: bool = False) -> str:
    """Safe HTML of ``text``, in which HTML is words, or HTML to clean; raises whatever the converter raises."""
    made = converter(re.sub(r"[^A-Za-z0-9_-]", "-", prefix), html=html).convert(typed_text(text))
    if len(made) > GROWTH_FREE + GROWTH * len(text):
        raise OverflowError("the HTML is out of all proportion to the text")
    return CLEANER.clean(made)


def _main() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for number, (prefix, text, html) in enumerate(json.load(sys.stdin)):
        made: str | None
        try:
            made = render_one(text, prefix, html=html)
        except Exception:  # any fault of the converter means "show it as it was typed", which null says
            made = None
        print(json.dumps([number, made]), flush=True)


if __name__ == "__main__":
    _main()
