"""The checkout as the house tests see it: its files, and its Python as syntax trees."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("config", "demo", "learning", "kb", "organization", "imports", "search")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is or will be committed (what .gitignore names is not ours)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return tuple(sorted(path for name in listed if name and (path := ROOT / name).is_file()))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python(*rooms: str) -> list[Path]:
    """The Python files of the rooms named (all rooms where none is), without schema migrations."""
    wanted = rooms or ROOMS
    return [
        path
        for path in files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in wanted and "migrations" not in path.parts
    ]


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=name(path))


def dotted(node: ast.AST) -> str:
    """``timezone.now`` for the expression of that form; "" for any other."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that the file imports, wherever in it."""
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
