"""Syntax rules for lines: lists and tables get the blank lines and indents that python-markdown needs."""

import re

from markdown.preprocessors import Preprocessor

LIST_LINE = re.compile(r"^(?P<indent> *)(?P<marker>[-*+]|\d{1,9}\.)(?P<gap> +)(?=\S)")
TABLE_RULE = re.compile(r"^ *\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?$")
DIVIDING_LINE = re.compile(r"^ {0,3}([-*_])(?: *\1){2,} *$")
LIST_INDENT = 4  # The number of spaces that python-markdown needs for one level of a list.


class ListsAndTables(Preprocessor):
    """A list or table needs no blank line before it. In a list, an indent of two or more spaces makes a nested list.

    Reason: python-markdown needs a blank line and four spaces. Staff type neither, so without this rule their list
    would become one long paragraph.
    """

    def run(self, lines: list[str]) -> list[str]:
        result: list[str] = []
        open_items: list[int] = []  # The indents of the list items that contain the current line.
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
    """Whether the line begins a list. After a line of text, only "1." begins a numbered list, because "12. 月" may be
    the second line of a sentence.
    """
    return marker in "-*+" or marker == "1." or not after_text


def _begins_table(line: str, next_lines: list[str]) -> bool:
    return "|" in line and any(TABLE_RULE.match(rule) for rule in next_lines)


def _close_items(open_items: list[int], indent: int) -> None:
    """Removes the items that do not contain a line with this indent."""
    while open_items and indent < open_items[-1] + 2:
        open_items.pop()
