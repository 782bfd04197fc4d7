"""Footnotes when several fields are shown on one page."""

from markdown.extensions.footnotes import FootnoteExtension


class FieldFootnotes(FootnoteExtension):
    """The id of each footnote begins with the prefix of its field.

    Reason: if two fields of one page both had a footnote 1, both footnotes would have the same id, and one link would
    lead to the wrong footnote.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = f"{prefix}-" if prefix else ""
        super().__init__(SEPARATOR="-", BACKLINK_TITLE="脚注{}の本文にもどる")

    def _number(self, label: str) -> int:
        return list(self.footnotes).index(label) + 1

    def makeFootnoteId(self, id: str) -> str:  # noqa: N802 (python-markdown's)
        return f"fn-{self.prefix}{self._number(id)}"

    def makeFootnoteRefId(self, id: str, found: bool = False) -> str:  # noqa: N802 (python-markdown's)
        return str(self.unique_ref(f"fnref-{self.prefix}{self._number(id)}", found))
