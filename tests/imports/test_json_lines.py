"""Files of JSON lines: lines that are read, lines that are refused with a reason, and files that are refused."""

import gzip
import json
import os
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports.json_lines import MAX_LINE_BYTES, JsonLine, JsonLines
from imports.report import Refusal, UnreadableFileError

ONE = {"id": "1", "title": "避難所の名簿", "text": "本文です。"}


@pytest.fixture
def file(tmp_path):
    """A JsonLines of a file with these bytes."""

    def make(content, **options):
        path = tmp_path / "records"
        path.write_bytes(content)
        return JsonLines(path, **options)

    return make


def lines(*values, encoding="utf-8"):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values).encode(encoding)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_line_is_read_with_and_without_a_byte_order_mark(file, mark):
    assert list(file(mark + lines(ONE))) == [JsonLine(1, ONE)]


def test_gzip_is_told_by_its_bytes(file):
    assert list(file(gzip.compress(lines(ONE, ONE)))) == [JsonLine(1, ONE), JsonLine(2, ONE)]


def test_empty_lines_are_passed_over_and_counted(file):
    assert list(file(b"\n \r\n" + lines(ONE))) == [JsonLine(3, ONE)]


def test_the_last_line_needs_no_end(file):
    assert list(file(lines(ONE).rstrip(b"\n"))) == [JsonLine(1, ONE)]


def test_a_cp932_file_is_read_as_such(file):
    parsed = file(lines(ONE, {"id": "2", "title": "表と能力"}, encoding="cp932"))
    assert parsed.encoding == "cp932"
    assert [line.value["title"] for line in parsed] == ["避難所の名簿", "表と能力"]


def test_one_damaged_line_does_not_change_the_encoding(file):
    damaged = lines(ONE).replace("簿".encode(), b"\xe7\xb0")
    parsed = file(damaged + lines(ONE, ONE))
    assert parsed.encoding == "utf-8"
    assert [type(line) for line in parsed] == [Refusal, JsonLine, JsonLine]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空です"),
        (b"PK\x03\x04more", "ZIP"),
        (lines(ONE).decode().encode("utf-16"), "UTF-16"),
        (b'[{"id": 1}]', "配列"),
        (b"\x1f\x8b\x08\x00broken", "gzip"),
        (b'{"id": "\x81"}\n' * 3, "文字コードが分かりません"),
    ],
)
def test_a_file_that_is_something_else_is_refused_once(file, content, words):
    with pytest.raises(UnreadableFileError, match=words):
        file(content)


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path):
    with pytest.raises(UnreadableFileError, match="開けません"):
        JsonLines(tmp_path / "none")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"id": "1"', "JSONとして読めません"),
        (b'"words"', "オブジェクト"),
        (b"[" * 100_000, "深すぎます"),
        (b'{"n": ' + b"9" * 5000 + b"}", "数が長すぎます"),
        (b'{"text": "' + b"a" * MAX_LINE_BYTES + b'"}', "1行が長すぎます"),
    ],
)
def test_a_bad_line_is_named_and_the_next_is_read(file, line, words):
    _, refused, good = file(b"{}\n" + line + b"\n" + lines(ONE))
    assert (refused.row, good) == (2, JsonLine(3, ONE))
    assert words in refused.reason


def test_what_stood_before_a_gzip_broke_off_is_read(file):
    rows = [{"id": str(n), "text": os.urandom(300).hex()} for n in range(300)]
    *before, last = file(gzip.compress(lines(*rows))[:-20_000])
    assert before == [JsonLine(n, row) for n, row in enumerate(rows[: len(before)], 1)]
    assert len(before) > 10
    assert isinstance(last, Refusal)
    assert "壊れています" in last.reason


def test_a_file_that_unpacks_without_end_is_stopped(file):
    packed = gzip.compress(b" " * 30_000_000)
    with pytest.raises(UnreadableFileError, match="1MBを超えます"):
        list(file(packed, max_bytes=1024**2))


def test_a_long_file_is_never_whole_in_memory(file):
    content = file(lines({"id": "1", "text": "a" * 1000}) * 30_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in content) == 30_000
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_the_position_ends_at_the_size(file):
    content = file(lines(ONE, ONE))
    list(content)
    assert content.position == content.size


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_lines_or_one_refusal(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    try:
        assert all(isinstance(line, JsonLine | Refusal) for line in JsonLines(path))
    except UnreadableFileError as error:
        assert str(error)
