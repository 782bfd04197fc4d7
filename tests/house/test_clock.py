"""One clock: all code asks organization.clock for the day, so that tests and the demo can move it."""

import ast

from tests.house import checkout

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
    violations = [
        f"{checkout.name(path)}:{node.lineno} {checkout.dotted(node)}"
        for path in checkout.python("imports", "organization", "kb", "learning", "demo")
        if checkout.name(path) != CLOCK
        for node in ast.walk(checkout.syntax(path))
        if isinstance(node, ast.Attribute) and checkout.dotted(node) in OTHER_CLOCKS
    ]
    assert violations == []


def test_nobody_asks_what_time_it_is_by_a_converter():
    violations = [
        f"{checkout.name(path)}:{node.lineno}"
        for path in checkout.python("imports", "organization", "kb", "learning", "demo")
        if checkout.name(path) != CLOCK
        for node in ast.walk(checkout.syntax(path))
        if isinstance(node, ast.Call) and not node.args and checkout.dotted(node.func) in CONVERTERS
    ]
    assert violations == []


def test_no_field_stamps_itself_by_djangos_clock():
    """auto_now and auto_now_add use timezone.now, which DEMO_TODAY does not move."""
    violations = [
        f"{checkout.name(path)}:{node.value.lineno} {node.arg}"
        for path in checkout.python("imports", "organization", "kb", "learning", "demo")
        for node in ast.walk(checkout.syntax(path))
        if isinstance(node, ast.keyword) and node.arg in ("auto_now", "auto_now_add")
    ]
    assert violations == []


def test_the_databases_clock_is_not_read_either():
    """`Now()` in a query is a clock too."""
    violations = [
        f"{checkout.name(path)}:{line}"
        for path in checkout.python("imports", "organization", "kb", "learning", "demo")
        for line, module in checkout.imports(path)
        if module == "django.db.models.functions.Now"
    ]
    assert violations == []
