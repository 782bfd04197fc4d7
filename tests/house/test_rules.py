"""Citations are correct: the rules of docs/rules.md, the modules and tests that it names, and every named .md file."""

import re

import pytest

from tests.house import checkout

ROW = re.compile(r"^\| ([ISM]\d{1,2}) \| (.+?) \| (.+?) \| (.*?) \|$", re.MULTILINE)
CITED = re.compile(r"(?<![\w/.#\"'-])([ISM]\d{1,2})(?![\w.%\"'-])")
#: Words of the form of a rule that are none: course codes and fiscal years in tests, SVG paths.
NOT_RULES = re.compile(r"make_course\(|昭和|M\d+(\.\d+)? |\bd=\"")
DOCUMENT = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[\w-]+\.md)\b")
#: Named by design: not files of the repository.
NOT_OURS = {"name.md"}


def rules():
    text = (checkout.ROOT / "docs/rules.md").read_text("utf-8")
    return {id_: (sentence, held, proved) for id_, sentence, held, proved in ROW.findall(text)}


def built():
    return {id_ for id_, (_, held, _) in rules().items() if held != "*not built*"}


def lines(*suffixes):
    for path in checkout.text_files(*suffixes):
        if checkout.name(path) in ("docs/rules.md", "tests/house/test_rules.py") or "vendor" in path.parts:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            yield path, number, line


def test_every_rule_that_is_cited_is_listed_and_built():
    cited = [
        f"{checkout.name(path)}:{number} {id_}"
        for path, number, line in lines(".py", ".md", ".html", ".toml")
        if not NOT_RULES.search(line)
        for id_ in CITED.findall(line)
        if id_ not in built()
    ]
    assert cited == []


@pytest.mark.parametrize("id_", sorted(built()))
def test_a_rule_names_a_module_and_a_test_that_exist(id_):
    _, held, proved = rules()[id_]
    named = re.findall(r"`([^`]+)`", f"{held} {proved}")
    assert len(named) >= 2
    assert [name for name in named if not (checkout.ROOT / name).is_file()] == []


def test_every_document_that_is_cited_exists():
    """It is beside the citing file, under docs/, under docs/decisions/, or at this path from the top folder."""
    here = {path.resolve() for path in checkout.files()}
    missing = []
    for path, number, line in lines(".py", ".md", ".html", ".toml", ".css", ".js"):
        for name in DOCUMENT.findall(line):
            folders = ("docs", "docs/decisions", "docs/guide", "docs/reference")
            places = {path.parent / name, checkout.ROOT / name, *(checkout.ROOT / folder / name for folder in folders)}
            if name not in NOT_OURS and not {place.resolve() for place in places} & here:
                missing.append(f"{checkout.name(path)}:{number} {name}")
    assert missing == []


def test_no_issue_is_cited():
    cited = [
        f"{checkout.name(path)}:{number}"
        for path, number, line in lines(".py", ".md", ".html", ".toml", ".css", ".js")
        if re.search(r"\bissue \d", line)
    ]
    assert cited == []
