"""Files as rows: encodings, delimiters and workbooks, and one sentence for each kind of unreadable file."""

import contextlib
import random
import zipfile
from datetime import datetime

import openpyxl
import pytest

from imports import readers, xlsx
from imports.readers import open_table
from imports.report import UnreadableFileError
from imports.table import letter

HEAD = ["職員番号", "名称"]


def known(heading):
    return heading in HEAD


def read(path):
    table = open_table(path, is_heading=known)
    return table, list(table.rows)


@pytest.fixture
def csv(tmp_path):
    def write(content):
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def book(tmp_path):
    """Save a workbook with these rows; `change` may edit it before."""

    def write(*rows, change=None, name="a.xlsx"):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        if change:
            change(book)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


def refusal(path):
    with pytest.raises(UnreadableFileError) as error:
        read(path)
    assert str(error.value).endswith("。")
    return str(error.value)


# --- CSV -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("between", [",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_is_read_in_its_encoding_and_with_its_delimiter(csv, encoding, between, end):
    text = end.join([between.join(HEAD), between.join(["1", "避難所髙﨑"]), ""])
    table, rows = read(csv(text.encode(encoding)))
    assert table.header == tuple(HEAD)
    assert [(row.number, row.cells) for row in rows] == [(2, ("1", "避難所髙﨑"))]
    assert table.position == table.size


def test_a_row_of_several_lines_bears_the_number_of_its_first(csv):
    _, rows = read(csv('職員番号,名称\n1,"一\n二"\n\n2,三\n'.encode()))
    assert [(row.number, row.cells[1]) for row in rows] == [(2, "一\n二"), (5, "三")]


@pytest.mark.parametrize("name", ["名簿.xlsx", "名簿.XLSX", "名簿.xlsm", "名簿.xls"])
def test_a_text_that_is_called_a_book_is_refused_and_not_read_as_csv(tmp_path, csv, name):
    text = "職員番号,名称\n1,あ\n".encode()
    path = tmp_path / name
    path.write_bytes(text)
    message = refusal(path)
    assert f"「{name}」ですが、中身はExcelのブックではありません" in message
    assert ".csv にして" in message
    with pytest.raises(UnreadableFileError, match="ブックではありません"):
        open_table(csv(text), is_heading=known, file_name=name)  # stored under another name


def test_cp932_is_said(csv):
    assert any("CP932" in note for note in read(csv("職員番号,名称\n1,あ".encode("cp932")))[0].notes)


def test_one_broken_byte_spoils_one_row_only(csv):
    table, rows = read(csv("職員番号,名称\n1,あ".encode() + b"\xff\n" + "2,いろは\n".encode() * 40))
    assert "\ufffd" in rows[0].cells[1] and rows[1].cells == ("2", "いろは")
    assert any("1か所" in note for note in table.notes)


def test_a_cell_of_two_million_characters_costs_its_row_alone(csv):
    _, rows = read(csv(f"職員番号,名称\n1,{'あ' * 2_000_000}\n2,い\n".encode()))
    assert rows[0].refused and rows[-1].cells == ("2", "い")


def test_a_quote_that_is_never_closed_is_named(csv):
    _, rows = read(csv(('職員番号,名称\n1,"あ\n' + "2,い\n" * 60_000).encode()))
    assert "閉じていません" in rows[0].refused[0].reason


def test_the_headings_may_stand_below_a_title(csv):
    table, rows = read(csv("研修台帳,\n令和7年度,\n,\n職員番号,名称\n1,あ\n".encode()))
    assert (table.header_row, [row.number for row in rows]) == (4, [5])


def test_headings_are_told_apart(csv):
    table, _ = read(csv('備考,備考,,"職員\n番号"\n'.encode()))
    assert table.header == ("備考", "備考 (2)", "", "職員 番号")


def test_too_many_rows_are_refused(csv, monkeypatch):
    monkeypatch.setattr(readers, "MAX_ROWS", 10)
    assert "行が多すぎます" in refusal(csv(b"a,b\n" * 30))


def test_too_many_columns_are_refused(csv):
    assert "列が多すぎます（101列" in refusal(csv(b",".join([b"a"] * 101)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空です（0バイト）"),
        (b"\n \n,,\n", "何も書かれていません"),
        ("職員番号".encode("utf-16"), "UTF-16"),
        (b"%PDF-1.7", "表のファイルではありません"),
        (b"\x1f\x8b\x08", "表のファイルではありません"),
        (bytes(range(256)) * 40, ""),
        (b"\x00" * 500, "表のファイルではありません"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_a_sentence(csv, content, words):
    assert words in refusal(csv(content))


def test_two_hundred_megabytes_are_refused_without_being_read(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    assert "大きすぎます（100MBまで）" in refusal(path)


def test_a_file_that_is_not_there_is_said(tmp_path):
    assert "ファイルを開けません" in refusal(tmp_path / "none.csv")


def test_a_formula_in_a_csv_is_refused_by_cell_and_a_guarded_text_is_not(csv):
    _, rows = read(csv('職員番号,名称\n1,=1+1\n"=""0001""",\'=別'.encode()))
    assert [(r.row, r.column) for row in rows for r in row.refused] == [(2, "B"), (3, "A")]
    assert "数式" in rows[0].refused[0].reason and rows[0].cells == ("1", "")
    assert rows[1].cells == ("", "'=別")


@pytest.mark.parametrize("text", ["これはただの文章です。\n二行目。\n", "青山\n赤川\n"])
def test_a_text_of_one_column_is_no_table_even_if_it_is_called_csv(tmp_path, text):
    path = tmp_path / "文章.csv"
    path.write_text(text)
    assert "列が一つしかありません" in refusal(path)


# --- Books -----------------------------------------------------------------------------------


def test_a_book_is_read_with_its_types(book):
    table, rows = read(book(HEAD, [100123, "あ", datetime(2026, 4, 1), 6.5], [], [None, "い"]))
    assert table.header == tuple(HEAD)
    assert [(row.number, row.cells) for row in rows] == [
        (2, (100123, "あ", datetime(2026, 4, 1), 6.5)),
        (4, (None, "い")),
    ]


def test_a_book_is_known_by_its_bytes_not_by_its_name(book):
    assert read(book(HEAD, ["1", "あ"], name="a.csv"))[1][0].cells == ("1", "あ")


def test_formulas_are_refused_and_text_that_looks_like_one_is_not(book):
    def change(book):
        book.active["B3"].value = "=1+1"
        book.active["B3"].data_type = "s"

    _, rows = read(book(HEAD, ["=A1", "#N/A"], ["1", ""], change=change))
    assert [(row.row, row.column) for row in rows[0].refused] == [(2, "A"), (2, "B")]
    assert "数式です" in rows[0].refused[0].reason and "#N/A" in rows[0].refused[1].reason
    assert rows[1].cells == ("1", "=1+1") and not rows[1].refused


def test_merged_cells_are_named(book):
    table, rows = read(book(HEAD, ["1", "あ"], ["2", "い"], change=lambda book: book.active.merge_cells("B2:B3")))
    assert any("B2:B3" in note for note in table.notes)
    assert rows[1].cells == ("2",)


def test_only_the_first_visible_sheet_is_read_and_that_is_said(book):
    def change(book):
        book.create_sheet("かくれた", 0).sheet_state = "hidden"
        book.create_sheet("ほか").append(["x"])

    table, rows = read(book(HEAD, ["1", "あ"], change=change))
    assert len(rows) == 1 and any("だけを読みました" in note for note in table.notes)


def test_rows_are_counted_before_they_are_read(book, monkeypatch):
    monkeypatch.setattr(xlsx, "PIECE", 64)  # marks are cut by the pieces
    table, _ = read(book(HEAD, *([n, "あ"] for n in range(50)), change=lambda book: book.active.merge_cells("A2:A3")))
    assert (table.size, table.position) == (51, 51)
    assert sum("A2:A3" in note for note in table.notes) == 1


def test_a_column_far_to_the_right_is_refused(book):
    def change(book):
        book.active["XFD2"].value = "x"

    assert "列が多すぎます" in refusal(book(HEAD, ["1", "あ"], change=change))


def archive(path, parts, flag=0):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    if flag:  # the bit that says that a part is encrypted, in both of its headers
        content = bytearray(path.read_bytes())
        content[content.find(b"PK\x03\x04") + 6] |= flag
        content[content.find(b"PK\x01\x02") + 8] |= flag
        path.write_bytes(bytes(content))
    return path


PARTS = {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"}


def test_a_renamed_zip_is_refused(tmp_path):
    assert "Excelのブックではありません" in refusal(archive(tmp_path / "a.xlsx", {"名簿.txt": "x"}))


def test_a_zip_with_a_password_is_refused(tmp_path):
    assert "パスワードを外して" in refusal(archive(tmp_path / "a.xlsx", PARTS, flag=1))


def test_a_book_with_a_password_is_refused(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(readers.OLE + b"\x00" * 1024 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 1024)
    assert "パスワードを外して" in refusal(path)


def test_an_old_book_is_refused(tmp_path):
    path = tmp_path / "a.xls"
    path.write_bytes(readers.OLE + b"\x00" * 4096)
    assert "古い形式" in refusal(path)


def test_a_book_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx, "load_workbook", None)
    parts = {**PARTS, **{f"xl/worksheets/sheet{n}.xml": b" " * 62 * 1024 * 1024 for n in range(5)}}
    path = archive(tmp_path / "a.xlsx", parts)
    assert path.stat().st_size < 1024 * 1024
    assert "大きくなりすぎる" in refusal(path)


def test_a_large_table_of_texts_is_refused_too(tmp_path):
    assert "大きくなりすぎる" in refusal(
        archive(tmp_path / "a.xlsx", {**PARTS, "xl/sharedStrings.xml": b" " * 70 * 1024**2})
    )


def test_a_broken_book_is_refused(tmp_path, book):
    content = book(HEAD, ["1", "あ"]).read_bytes()
    half = tmp_path / "half.xlsx"
    half.write_bytes(content[: len(content) // 2])
    assert "壊れています" in refusal(half)
    assert "壊れています" in refusal(archive(tmp_path / "b.xlsx", PARTS))


def test_entities_are_not_expanded(tmp_path, book):
    source = zipfile.ZipFile(book(HEAD, ["1", "あ"]))
    parts = {name: source.read(name) for name in source.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + sheet
    assert "壊れています" in refusal(archive(tmp_path / "b.xlsx", parts))


def test_a_row_that_says_to_be_beyond_the_end_is_refused(tmp_path, book):
    source = zipfile.ZipFile(book(HEAD, ["1", "あ"]))
    parts = {name: source.read(name) for name in source.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'<row r="2"', b'<row r="99999999999"')
    assert "行の番号がおかしな" in refusal(archive(tmp_path / "b.xlsx", parts))


def test_random_bytes_in_a_book_never_escape_as_another_error(book, tmp_path):
    content = book(HEAD, ["1", "あ"], ["2", "い"]).read_bytes()
    for seed in range(60):
        changed = bytearray(content)
        for place in random.Random(seed).sample(range(8, len(content)), 12):
            changed[place] = seed * 7 % 256
        path = tmp_path / "x.xlsx"
        path.write_bytes(bytes(changed))
        with contextlib.suppress(UnreadableFileError):
            read(path)


@pytest.mark.parametrize(("column", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_their_letters(column, letters):
    assert letter(column) == letters
