"""Every code name in docs/glossary.md exists in the code."""

import re

import pytest

from tests.house import checkout


def code_names():
    text = (checkout.ROOT / "docs/glossary.md").read_text("utf-8")
    return sorted({row.group(1) for row in re.finditer(r"^\|.*\| `([^`]+)` \|$", text, re.MULTILINE)})


def code():
    pages = [*checkout.python(), *(path for path in checkout.files() if path.parts[-2:-1] == ("house",))]
    return "\n".join(
        [*(checkout.name(path) for path in checkout.python()), *(path.read_text("utf-8") for path in pages)]
    )


@pytest.mark.parametrize("name", code_names())
def test_each_code_name_of_the_glossary_is_in_the_code(name):
    assert re.search(rf"\b{re.escape(name)}\b", code().replace("tests/house/test_glossary.py", "")), name
