"""Syntax rules for lines: lists and tables get the blank lines and indents that python-markdown needs."""

import re

from markdown.preprocessors import Preprocessor

LIST_LINE = re.compile(r"^(?P<indent> *)(?P<marker>[-*+]|\d{1,9}\.)(?P<gap> +)(?=\S)")
TABLE_RULE = re.compile(r"^ *\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?$")
DIVIDING_LINE = re.compile(r"^ {0,3}([-*_])(?: *\1){2,} *$")
LIST_INDENT = 4  # spaces that python-markdown asks for one level


class ListsAndTables(Preprocessor):
    """A list or table begins without a blank line before it, and a list nests by any indent of two or more.

    Reason: python-markdown asks for a blank line and for four spaces; staff type neither, and their list would be one
    long paragraph.
    """

    def run(self, lines: list[str]) -> list[str]:
        result: list[str] = []
        open_items: list[int] = []  # the indents of the list items that enclose the line
        for number, line in enumerate(lines):
            after_text = bool(result and result[-1].strip())
            item = None if DIVIDING_LINE.match(line) else LIST_LINE.match(line)
            if item:
                if open_items or _begins_list(item["marker"], after_text):
                    indent = len(item["indent"])
                    _close_items(open_items, indent)
                    if not open_items and after_text and not LIST_LINE.match(result[-1]):
                        result.append("")
                    line = " " * (LIST_INDENT * len(open_items)) + line[indent:]
                    open_items.append(indent)
            elif open_items and line.strip() and not after_text:
                _close_items(open_items, len(line) - len(line.lstrip(" ")))
                line = " " * (LIST_INDENT * len(open_items)) + line.lstrip(" ")
            elif after_text and _begins_table(line, lines[number + 1 : number + 2]):
                result.append("")
            result.append(line)
        return result


def _begins_list(marker: str, after_text: bool) -> bool:
    """After a line of text only "1." begins a numbered list: "12. 月" may be the second line of a sentence."""
    return marker in "-*+" or marker == "1." or not after_text


def _begins_table(line: str, next_lines: list[str]) -> bool:
    return "|" in line and any(TABLE_RULE.match(rule) for rule in next_lines)


def _close_items(open_items: list[int], indent: int) -> None:
    """Drop the items that do not enclose a line with this indent."""
    while open_items and indent < open_items[-1] + 2:
        open_items.pop()
