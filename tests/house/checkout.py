"""The files of the checkout, and its Python code as syntax trees, for the house tests."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("config", "demo", "learning", "kb", "organization", "imports", "search")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is or will be committed (files that .gitignore names are left out)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return tuple(sorted(path for name in listed if name and (path := ROOT / name).is_file()))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python(*rooms: str) -> list[Path]:
    """The Python files of these rooms, or of all rooms, without schema migrations."""
    names = rooms or ROOMS
    return [
        path
        for path in files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in names and "migrations" not in path.parts
    ]


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=name(path))


def dotted(node: ast.AST) -> str:
    """The dotted name of an expression such as ``timezone.now``; "" for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that the file imports, also inside functions."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            prefix = ".".join(path.relative_to(ROOT).parts[: -node.level]) + "." if node.level else ""
            for alias in node.names:
                yield node.lineno, f"{prefix}{node.module}.{alias.name}"


def text_files(*suffixes: str) -> list[Path]:
    return [path for path in files() if path.suffix in suffixes]
