"""python-markdown with the extensions that the product uses and with rules of our own.

Staff type lines, not Markdown: a line break stays a line break, and nothing that was typed disappears. Imports neither
Django nor a model, so that the child process of `kb.markdown.rendering` starts fast.
"""

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.fenced_code import FencedCodeExtension
from markdown.extensions.nl2br import Nl2BrExtension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.tables import TableExtension

from kb.markdown.blocks import register_blocks
from kb.markdown.footnotes import FieldFootnotes
from kb.markdown.inline import register_inline
from kb.markdown.lines import ListsAndTables
from kb.markdown.tree import register_tree


class StaffMarkdown(Extension):
    """Our own syntax rules. `html`: pass on the HTML in the text instead of showing it as text."""

    def __init__(self, *, html: bool) -> None:
        self.html = html
        super().__init__()

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (python-markdown's)
        # After fenced code (25) is put aside, so that the lines of a fence stay as they are.
        md.preprocessors.register(ListsAndTables(md), "lists_and_tables", 22)
        register_blocks(md)
        register_inline(md, html=self.html)
        register_tree(md)


def converter(prefix: str, *, html: bool = False) -> Markdown:
    """A new converter for one text. It holds the state of that text, so it is not shared between threads.

    `prefix` goes into the ids of footnotes; `html` is for texts from elsewhere, whose HTML the sanitizer cleans.
    """
    return Markdown(
        extensions=[
            TableExtension(use_align_attribute=True),  # the content security policy refuses an inline style
            FencedCodeExtension(),
            SaneListExtension(),
            Nl2BrExtension(),
            FieldFootnotes(prefix),
            StaffMarkdown(html=html),
        ],
        output_format="html",
    )
