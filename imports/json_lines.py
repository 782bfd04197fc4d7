"""Reads a file of JSON lines once, from front to back. Each line gives a JSON object, or a refusal with its reason.

The file may be .jsonl or .jsonl.gz: its first bytes decide, not its name. The encoding may be UTF-8 with or without a
byte order mark, or CP932. The memory contains only one line and a sample of the beginning, however large the file is.
If the whole file is wrong, UnreadableFileError is raised once, instead of a refusal for each line. The import checks
the fields of the objects.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from imports.report import Refusal, UnreadableFileError

MAX_LINE_BYTES = 4 * 1024 * 1024
#: The encoding is detected from lines with non-ASCII characters. At most this many lines are used, from this many first
#: bytes.
SAMPLE_BYTES = 8 * 1024 * 1024
SAMPLE_LINES = 200
UTF8_MARK = b"\xef\xbb\xbf"
SAVE_AS = "表計算ソフトやエディターで「UTF-8」を選んで保存し直し、もう一度読み込んでください。"
BROKEN_GZIP = (EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True)
class JsonLine:
    number: int
    value: dict[str, Any]


class JsonLines:
    """The lines of one file. The object can be iterated only once. `encoding` is utf-8 or cp932.

    `position` of `size` stored bytes have been read. Raises UnreadableFileError if the whole file is wrong, or if its
    unpacked size is larger than `max_bytes`.
    """

    def __init__(self, path: Path, *, max_bytes: int | None = None) -> None:
        self.path = path
        self.max_bytes = max_bytes
        try:
            self.size = path.stat().st_size
            with _opened(path) as (_, content):
                self.encoding = _encoding(content)
        except BROKEN_GZIP as error:
            raise UnreadableFileError(
                "圧縮ファイル（gzip）がはじめから壊れています。作り直して、もう一度読み込んでください。"
            ) from error
        except OSError as error:
            raise UnreadableFileError(
                f"ファイルを開けません（{error.strerror or error}）。場所と権限を確かめてください。"
            ) from error
        self.position = 0

    def __iter__(self) -> Iterator[JsonLine | Refusal]:
        number = read = 0
        with _opened(self.path) as (raw, content):
            try:
                while line := content.readline(MAX_LINE_BYTES + 1):
                    number += 1
                    too_long = len(line) > MAX_LINE_BYTES
                    read += len(line) + (_skip_rest(content) if too_long and not line.endswith(b"\n") else 0)
                    self.position = raw.tell()
                    if self.max_bytes is not None and read > self.max_bytes:
                        raise UnreadableFileError(
                            f"展開すると{self.max_bytes // 1024**2:,}MBを超えます。ファイルを分けるか、"
                            "サーバーで import_records を実行してください。"
                        )
                    if too_long:
                        yield Refusal(
                            number, "", f"1行が長すぎます（{MAX_LINE_BYTES // 1024**2}MBまで）。事例を分けてください。"
                        )
                    elif line.strip():
                        yield self._parsed(number, line)
            except BROKEN_GZIP:
                yield Refusal(number + 1, "", "圧縮ファイル（gzip）がここで壊れています。この行から先は読めません。")
        self.position = self.size

    def _parsed(self, number: int, line: bytes) -> JsonLine | Refusal:
        if number == 1:
            line = line.removeprefix(UTF8_MARK)
        try:
            value = json.loads(line.decode(self.encoding))
        except UnicodeDecodeError as error:
            encoding = "UTF-8" if self.encoding == "utf-8" else "CP932"
            return Refusal(number, "", f"文字コードが{encoding}ではありません（{error.start + 1}バイト目）。")
        except json.JSONDecodeError as error:
            return Refusal(number, "", f"JSONとして読めません（{error.pos + 1}文字目）。1件を1行のJSONにしてください。")
        except RecursionError:
            return Refusal(number, "", "JSONの入れ子が深すぎます。")
        except ValueError:  # a number with more digits than Python accepts
            return Refusal(number, "", "JSONの数が長すぎます。")
        if not isinstance(value, dict):
            return Refusal(number, "", "1行は { で始まる一つのJSONオブジェクトにします。")
        return JsonLine(number, value)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Opens the file. Returns the stored bytes and the unpacked bytes.

    The lines are read from the unpacked bytes. The position in the stored bytes shows the progress.
    """
    with path.open("rb") as raw:
        start = raw.read(4)
        raw.seek(0)
        if not start:
            raise UnreadableFileError("ファイルが空です（0バイト）。書き出しが終わっているか確かめてください。")
        if start.startswith(b"PK"):
            raise UnreadableFileError("ZIPかExcelのファイルです。JSON Lines（.jsonl か .jsonl.gz）にしてください。")
        if start.startswith(b"\x1f\x8b"):
            yield raw, cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
        else:
            yield raw, raw


def _skip_rest(content: IO[bytes]) -> int:
    """Reads to the end of a line that is too long, in pieces. Returns the number of bytes that were skipped."""
    skipped = 0
    while piece := content.readline(64 * 1024):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def _encoding(content: IO[bytes]) -> str:
    """Returns the encoding in which most lines of the sample can be decoded.

    If all lines are ASCII, the encoding is UTF-8. One broken line does not change the result.
    """
    counts = {"utf-8": 0, "cp932": 0, "": 0}
    read = 0
    while read < SAMPLE_BYTES and sum(counts.values()) < SAMPLE_LINES:
        try:
            line = content.readline(MAX_LINE_BYTES)
        except BROKEN_GZIP:
            if not read:
                raise
            break  # the lines before the damage can still be read
        if not line:
            break
        if not read:
            _refuse_other_forms(line)
            if line.startswith(UTF8_MARK):
                return "utf-8"
        read += len(line)
        if not line.isascii() and len(line) < MAX_LINE_BYTES:
            counts[next((name for name in ("utf-8", "cp932") if _decodes(line, name)), "")] += 1
    best = max(counts, key=lambda name: counts[name])
    if counts[best] and not best:
        raise UnreadableFileError(f"文字コードが分かりません（UTF-8でもCP932でもありません）。{SAVE_AS}")
    return best if counts[best] else "utf-8"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_other_forms(line: bytes) -> None:
    """Refuses UTF-16 and a single JSON array. The user gets one message for the file instead of one for each line."""
    if line[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableFileError(f"文字コードがUTF-16です。{SAVE_AS}")
    if line.removeprefix(UTF8_MARK).lstrip()[:1] == b"[":
        raise UnreadableFileError(
            "JSONの配列（[ で始まる）です。1行に1件のJSONオブジェクト（JSON Lines）にしてください。"
        )
