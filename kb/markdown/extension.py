"""python-markdown with the extensions that the product uses and with our own rules.

Staff type lines and do not think of Markdown: a line break stays a line break, and no typed text disappears. This
module imports neither Django nor a model, so that the child process of `kb.markdown.rendering` starts fast.
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
    """Our own syntax rules. With `html`, HTML in the text is passed on; without it, HTML is shown as text."""

    def __init__(self, *, html: bool) -> None:
        self.html = html
        super().__init__()

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (python-markdown's)
        # This runs after fenced code (25) has been taken out, so that the lines of a fence do not change.
        md.preprocessors.register(ListsAndTables(md), "lists_and_tables", 22)
        register_blocks(md)
        register_inline(md, html=self.html)
        register_tree(md)


def converter(prefix: str, *, html: bool = False) -> Markdown:
    """Returns a new converter for one text. It stores the state of this text, so threads must not share it.

    `prefix` becomes part of the ids of footnotes. `html` is for texts from outside the organisation. The sanitizer
    cleans the HTML in these texts.
    """
    return Markdown(
        extensions=[
            TableExtension(use_align_attribute=True),  # The content security policy does not allow an inline style.
            FencedCodeExtension(),
            SaneListExtension(),
            Nl2BrExtension(),
            FieldFootnotes(prefix),
            StaffMarkdown(html=html),
        ],
        output_format="html",
    )
