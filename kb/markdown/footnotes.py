"""Footnotes of several fields on one page."""

from markdown.extensions.footnotes import FootnoteExtension


class FieldFootnotes(FootnoteExtension):
    """The ids of footnotes carry the prefix of their field.

    Reason: two fields of one page that both use footnote 1 would share an id, and its link would lead to the wrong one.
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
