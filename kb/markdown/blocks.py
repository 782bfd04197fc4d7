"""Syntax rules for blocks: what is a heading, and which of python-markdown's block rules are left out."""

import re

from markdown import Markdown
from markdown.blockprocessors import HashHeaderProcessor

# "-----" under a line makes that line a heading, and four spaces make program code. In office mail the first is a
# dividing line and the second an indented paragraph, so both rules are left out.
LEFT_OUT = ("setextheader", "code")


class SpacedHeading(HashHeaderProcessor):
    """``# 見出し`` is a heading only with a space after the hash.

    Reason: staff write ``#1`` for a counter and ``#学び`` for a tag; python-markdown would make both headings.
    """

    RE = re.compile(r"(?:^|\n)(?P<level>#{1,6})(?=[ \u3000])(?P<header>(?:\\.|[^\\])*?)#*(?:\n|$)")


def register_blocks(md: Markdown) -> None:
    for name in LEFT_OUT:
        md.parser.blockprocessors.deregister(name)
    md.parser.blockprocessors.register(SpacedHeading(md.parser), "hashheader", 70)
