"""Syntax rules for blocks: what a heading is, and which block rules of python-markdown are not used."""

import re

from markdown import Markdown
from markdown.blockprocessors import HashHeaderProcessor

# With the rules of python-markdown, "-----" under a line makes that line a heading, and four spaces make program code.
# In office mail, "-----" is a dividing line, and four spaces begin an indented paragraph. So both rules are not used.
LEFT_OUT = ("setextheader", "code")


class SpacedHeading(HashHeaderProcessor):
    """``# 見出し`` is a heading only if there is a space after the hash.

    Reason: staff write ``#1`` for a number and ``#学び`` for a tag. python-markdown would turn both into headings.
    """

    RE = re.compile(r"(?:^|\n)(?P<level>#{1,6})(?=[ \u3000])(?P<header>(?:\\.|[^\\])*?)#*(?:\n|$)")


def register_blocks(md: Markdown) -> None:
    for name in LEFT_OUT:
        md.parser.blockprocessors.deregister(name)
    md.parser.blockprocessors.register(SpacedHeading(md.parser), "hashheader", 70)
