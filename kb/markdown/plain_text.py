"""The words of rendered HTML, for the search index and for summaries."""

import re
from html.parser import HTMLParser

BLOCKS = frozenset("p br hr h3 h4 h5 h6 ul ol li blockquote pre div table tr".split())
FOOTNOTE_CLASSES = ("footnote-ref", "footnote-backref")


def plain_text(html: str) -> str:
    """Returns the words of HTML that `kb.markdown` rendered, one block per line. Footnote numbers and arrows are left
    out.
    """
    parser = _TextParser()
    parser.feed(html)
    parser.close()
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(parser.parts).split("\n"))
    return "\n".join(line for line in lines if line)


class _TextParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.skipped_tag = ""  # The tag of the footnote mark whose end tag has not been read yet.
        self.in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_code = self.in_code or tag == "pre"
        if not self.skipped_tag and dict(attrs).get("class") in FOOTNOTE_CLASSES:
            self.skipped_tag = tag
        elif tag in BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.in_code = self.in_code and tag != "pre"
        if tag == self.skipped_tag:
            self.skipped_tag = ""
        elif tag in BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.skipped_tag:
            self.parts.append(data if self.in_code else data.replace("\n", " "))
