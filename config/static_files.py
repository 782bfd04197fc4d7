"""Publishes one stylesheet file and one script file per page: each file of `STATIC_BUNDLES`, with its imports inlined.

A stylesheet imports with `@import url("part.css") layer(name);`, and a script imports with `import "./part.js";`. So a
browser could load the source files, too. But a browser finds the imports only after it has loaded the first file: 26
requests in two steps.

A static files finder makes the bundles. So `collectstatic` (which hashes and compresses them) and the development
server (which asks the finders at each request) publish the same text.
"""

import builtins
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, overload

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage

#: The pieces of a stylesheet that are rewritten, or copied as a whole. Comments and strings are copied, because they
#: may contain `@import` or `url(`.
CSS_PIECE = re.compile(
    r"""(?P<comment>/\*.*?\*/)
    |@import\s+url\(\s*["']?(?P<part>[^"')\s]+)["']?\s*\)\s*(?:layer\(\s*(?P<layer>[\w.-]+)\s*\)\s*)?;
    |(?P<other_import>@import\b[^;]*;?)
    |url\(\s*["']?(?P<address>[^"')\s]+)["']?\s*\)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""",
    re.DOTALL | re.VERBOSE,
)
JS_IMPORT = re.compile(r"""^import\s+["'](?P<part>\.{1,2}/[^"']+)["'];\n?""", re.MULTILINE)
#: All other forms of import and export. They would need a real bundler, so they are refused.
JS_MODULE = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)
#: An address that does not depend on the address of the stylesheet.
FIXED_ADDRESS = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|/|#)", re.IGNORECASE)


class Bundle:
    """One published file. `name` is the address of the file under STATIC_URL. `source` is the file that imports the
    others.
    """

    def __init__(self, root: Path, name: str, source: str) -> None:
        self.root, self.name, self.source = root, name, source
        self.included: set[str] = set()

    def text(self) -> str:
        self.included.clear()
        if self.source.endswith(".css"):
            return self._stylesheet(self.source, ())
        return self._script(self.source, ())

    def _read(self, part: str, importers: tuple[str, ...]) -> str:
        if part in importers:
            raise ImproperlyConfigured(f"static/{part} imports itself: {' > '.join([*importers, part])}.")
        try:
            return (self.root / part).read_text("utf-8")
        except FileNotFoundError:
            named_in = f"static/{importers[-1]}" if importers else "STATIC_BUNDLES"
            raise ImproperlyConfigured(f"{named_in} names static/{part}, which does not exist.") from None

    def _stylesheet(self, part: str, importers: tuple[str, ...]) -> str:
        def replacement(piece: re.Match[str]) -> str:
            if piece["other_import"]:
                raise ImproperlyConfigured(f'static/{part}: write @import url("…") layer(…); not {piece[0]}')
            if piece["part"]:
                text = self._stylesheet(_beside(part, piece["part"]), (*importers, part)).strip()
                return f"@layer {piece['layer']} {{\n{text}\n}}" if piece["layer"] else text
            if piece["address"] and not FIXED_ADDRESS.match(piece["address"]):
                target = _beside(part, piece["address"])
                return f'url("{posixpath.relpath(target, posixpath.dirname(self.name) or ".")}")'
            return piece[0]

        text = self._read(part, importers)
        self.included.add(part)
        return CSS_PIECE.sub(replacement, text)

    def _script(self, part: str, importers: tuple[str, ...]) -> str:
        """Returns the script with its imports. Each part is put into a block of its own, so that two parts may use the
        same name, as in modules.

        A part is included only once.
        """
        text = self._read(part, importers)
        if part in self.included:
            return ""
        self.included.add(part)
        imported = [
            self._script(_beside(part, match["part"]), (*importers, part)) for match in JS_IMPORT.finditer(text)
        ]
        own = JS_IMPORT.sub("", text).strip()
        if unsupported := JS_MODULE.search(own):
            raise ImproperlyConfigured(f'static/{part}: write import "./part.js"; not {unsupported[0]}')
        return "".join(imported) + (f"{{\n{own}\n}}\n" if own else "")


def _beside(part: str, address: str) -> str:
    """Returns the path under static/ for an address that is relative to `part`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), address))


class BundleFinder(BaseFinder):
    """Offers the bundles as files in VAR_DIR/bundles. A bundle is made again each time it is requested."""

    def __init__(self, app_names: Iterable[str] | None = None, *args: object, **kwargs: object) -> None:
        self.storage = FileSystemStorage(location=settings.VAR_DIR / "bundles")
        super().__init__(*args, **kwargs)

    @overload
    def find(self, path: str, find_all: Literal[False] = False) -> str | None: ...

    @overload
    def find(self, path: str, find_all: Literal[True]) -> builtins.list[str]: ...

    def find(self, path: str, find_all: bool = False) -> builtins.list[str] | str | None:
        if path not in settings.STATIC_BUNDLES:
            # The empty list tells `finders.find` that nothing was found. `finders.find` would put None into a list.
            return []
        self._write(path)
        return [self.storage.path(path)] if find_all else self.storage.path(path)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in settings.STATIC_BUNDLES:
            self._write(name)
            yield name, self.storage

    def _write(self, name: str) -> None:
        """Writes the bundle if its text has changed. An unchanged file keeps its modification time, because
        `collectstatic` compares it.
        """
        text = Bundle(Path(settings.STATICFILES_DIRS[0]), name, settings.STATIC_BUNDLES[name]).text()
        file = Path(self.storage.path(name))
        if file.is_file() and file.read_text("utf-8") == text:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{file.name}.{id(self)}")
        unfinished.write_text(text, "utf-8")
        unfinished.replace(file)  # The file is replaced in one step, so that another process never reads half a file.
