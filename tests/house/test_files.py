"""Rules for files: their length, their header, and text that must never be committed."""

import ast
import hashlib
import re
import warnings

import pytest

from tests.house import checkout

ASK_ABOVE = 400
NEVER_ABOVE = 500
# Written as patterns, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|farm|root|home/\w+|Users/\w+|tmp/scratch|opt/wheels)/")
REGISTRIES = re.compile(
    r"pypi\.(?:org|python)|pythonhosted\.|registry\.(?:npmjs|yarnpkg)|--(?:extra-)?index-url|--find-links|"
    r"cdn\.jsdelivr|unpkg\.com|cdnjs\.|fonts\.(?:googleapis|gstatic)"
)
BINARY = {".png", ".jpg", ".webp", ".ico", ".mo", ".woff2", ".gz"}


def test_no_file_is_too_long_to_read():
    lengths = {
        checkout.name(path): path.read_text("utf-8").count("\n")
        for path in checkout.python(*checkout.ROOMS, "bench", "tools", "manage.py")
    }
    long = sorted(f"{length} {file}" for file, length in lengths.items() if length > ASK_ABOVE)
    if long:
        warnings.warn(f"files over {ASK_ABOVE} lines, a question for review: {', '.join(long)}", stacklevel=1)
    assert [file for file, length in lengths.items() if length > NEVER_ABOVE] == []


def test_every_module_says_what_it_is():
    silent = [
        checkout.name(path)
        for path in checkout.python(*checkout.ROOMS, "bench", "tools")
        if path.stat().st_size and path.parent.name != "settings" and not ast.get_docstring(checkout.syntax(path))
    ]
    assert silent == []


def test_every_component_lists_its_variables():
    """A component begins with a comment, so that nobody has to read all of it to include it."""
    silent = [
        checkout.name(path)
        for path in checkout.text_files(".html")
        if path.parent == checkout.ROOT / "templates" / "components"
        and not re.match(r"\s*(\{#.*?#\}|\{% comment %\})", path.read_text("utf-8"), re.DOTALL)
    ]
    assert silent == []


def test_no_template_line_is_longer_than_160_columns():
    """A longer line is unreadable in a diff. A tag cannot span lines: lift its arguments into `{% with %}`. Put a Japanese
    sentence of several lines into `{% unbroken %}`."""
    long = [
        f"{checkout.name(path)}:{number} {len(line)}"
        for path in checkout.text_files(".html")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > 160
    ]
    assert long == []


def test_templates_have_no_inline_style_or_handler():
    """Our Content-Security-Policy refuses them, and a browser ignores them without a message."""
    violations = [
        f"{checkout.name(path)}:{number}"
        for path in checkout.text_files(".html")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"<[^>]*\s(style|on[a-z]+)\s*=", line)
    ]
    assert violations == []


def test_every_script_in_a_template_has_a_source_or_a_nonce():
    violations = [
        f"{checkout.name(path)}: {tag}"
        for path in checkout.text_files(".html")
        for tag in re.findall(r"<script\b[^>]*>", path.read_text("utf-8"))
        if "src=" not in tag and "nonce=" not in tag and 'type="application/json"' not in tag
    ]
    assert violations == []


@pytest.mark.parametrize(("pattern", "what"), [(MACHINE_PATHS, "a machine's path"), (REGISTRIES, "a registry or CDN")])
def test_nothing_committed_names(pattern, what):
    violations = [
        f"{checkout.name(path)}:{number} {line.strip()[:80]}"
        for path in checkout.files()
        if path.suffix not in BINARY and path != checkout.ROOT / "tests" / "house" / "test_files.py"
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert violations == [], what


def test_vendored_files_are_those_that_were_listed():
    """static/vendor/README.md names each file with its version, licence and sha256."""
    folder = checkout.ROOT / "static" / "vendor"
    listed = (folder / "README.md").read_text("utf-8")
    vendored = [path for path in checkout.files() if folder in path.parents and path.name != "README.md"]
    assert vendored, "nothing is vendored: is the folder committed?"
    for path in vendored:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        known = any(digest in line and f"`{path.name}`" in line for line in listed.splitlines())
        assert known, f"{checkout.name(path)} ({digest}) is not the file that static/vendor/README.md lists"


def test_compiled_messages_match_their_source():
    """The .mo files are committed, so that running needs no gettext. They must not be older than the .po files."""
    for po in checkout.text_files(".po"):
        mo = po.with_suffix(".mo")
        assert mo.is_file(), f"{checkout.name(po)} was never compiled"
        translated = re.findall(r'^msgstr "(.{6,})"$', po.read_text("utf-8"), re.MULTILINE)
        compiled = mo.read_bytes().decode("utf-8", errors="replace")
        missing = [text for text in translated if "\\" not in text and text not in compiled]
        assert missing[:3] == [], f"{checkout.name(mo)} is older than its .po: run manage.py compilemessages"
