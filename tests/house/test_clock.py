"""One clock: what day it is comes from organization.clock, so that tests and the demo can move it."""

import ast

from tests.house import tree

OTHER_CLOCKS = {
    "timezone.now",
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "time.time",
    "datetime.datetime.utcnow",
}
CONVERTERS = {"timezone.localtime", "timezone.localdate"}  # a clock only where they are given no moment
CLOCK = "organization/clock.py"


def test_nobody_reads_another_clock():
    found = [
        f"{tree.name(path)}:{node.lineno} {tree.dotted(node)}"
        for path in tree.python("imports", "organization", "kb", "learning", "demo")
        if tree.name(path) != CLOCK
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.Attribute) and tree.dotted(node) in OTHER_CLOCKS
    ]
    assert found == []


def test_nobody_asks_what_time_it_is_by_a_converter():
    found = [
        f"{tree.name(path)}:{node.lineno}"
        for path in tree.python("imports", "organization", "kb", "learning", "demo")
        if tree.name(path) != CLOCK
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.Call) and not node.args and tree.dotted(node.func) in CONVERTERS
    ]
    assert found == []


def test_no_field_stamps_itself_by_djangos_clock():
    """auto_now and auto_now_add ask timezone.now, which DEMO_TODAY does not move."""
    found = [
        f"{tree.name(path)}:{node.value.lineno} {node.arg}"
        for path in tree.python("imports", "organization", "kb", "learning", "demo")
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.keyword) and node.arg in ("auto_now", "auto_now_add")
    ]
    assert found == []


def test_the_databases_clock_is_not_read_either():
    """`Now()` in a query is a clock too."""
    found = [
        f"{tree.name(path)}:{line}"
        for path in tree.python("imports", "organization", "kb", "learning", "demo")
        for line, module in tree.imports(path)
        if module == "django.db.models.functions.Now"
    ]
    assert found == []
