"""Converts one cell of a table to a value: text, day, number, yes or no, or a choice by its label or code.

All functions are pure. A cell that cannot be read raises CellError with a Japanese sentence that tells the user what to
do. Values are not guessed, cut or corrected, with three exceptions: character widths (NFKC), spaces at both ends, and
the apostrophe that our own downloads put in front of a formula.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from imports.downloads import FORMULA
from organization.japanese_dates import ERAS

#: Years outside these limits are typing errors.
FIRST_YEAR, LAST_YEAR = 1947, 2100
#: Invisible characters that a spreadsheet cannot contain. Tab and line end are not included: they count as spaces.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
BROKEN = "\ufffd"  # a decoder writes this character for bytes that do not fit its encoding
_GUARDED = re.compile(rf"'+[{re.escape(''.join(FORMULA))}]")
_WESTERN = re.compile(r"(\d{4})([-/.年])(\d{1,2})(?:\2|月)(\d{1,2})日?")
_PLAIN = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ERA = re.compile(r"(令和|平成|昭和|[RHS])\.?(元|\d{1,2})(?:年|[-/.])(\d{1,2})(?:月|[-/.])(\d{1,2})日?")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_TAIL = re.compile(r"(?:\([月火水木金土日]\))?(?:[T ]?0{1,2}:00(?::00(?:\.0+)?)?)?")
_TIME = re.compile(r"(?:(\d+)時間)(\d{1,2})分")
_YES = frozenset("はい 有 あり ○ 〇 ◯ o 1 true yes y 済 する".split())
_NO = frozenset("いいえ 無 なし × x 0 false no n 未 しない".split())
_EPOCH = date(1899, 12, 30)


class CellError(ValueError):
    """The cell cannot be read. The message is Japanese and tells the user what to do."""


def text(value: Any, *, longest: int = 1000, lines: bool = False) -> str:
    """Returns the cell as text without spaces at both ends. A number becomes the text that a person would type.

    `longest` is the maximum number of characters. `lines` allows line ends and tabs.
    """
    cleaned = trimmed(_plain(value))
    if len(cleaned) > longest:
        raise CellError(f"{longest:,}文字までです。今は{len(cleaned):,}文字です。けずってください。")
    if CONTROL.search(cleaned):
        raise CellError("目に見えない制御文字があります。消して、打ち直してください。")
    if BROKEN in cleaned:
        raise CellError("文字化けがあります。文字コードをUTF-8にして保存し直してください。")
    if not lines and ("\n" in cleaned or "\t" in cleaned):
        raise CellError("改行やタブがあります。1行にしてください。")
    # A download puts an apostrophe in front of a text that would otherwise be a formula. Remove this apostrophe.
    return cleaned[1:] if _GUARDED.match(cleaned) else cleaned


def trimmed(value: str) -> str:
    return unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n").strip(" 　\n\t")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value)


def narrow(value: Any) -> str:
    """Returns the cell as text without spaces at both ends, for comparing and parsing. All characters have one
    width."""
    return unicodedata.normalize("NFKC", text(value)).strip()


# --- Days ------------------------------------------------------------------------------------


def day(value: Any) -> date | None:
    """Returns the calendar day. Accepts all forms that offices write. Returns None for an empty cell."""
    if isinstance(value, datetime):
        return _in_range(value.date())
    if isinstance(value, date):
        return _in_range(value)
    if isinstance(value, bool | timedelta):
        raise CellError("日付ではありません。2026/4/1 のように入れてください。")
    written = narrow(value)
    if not written:
        return None
    return _in_range(_day(re.sub(r"\s+", " ", written).replace(" ", ""), written))


def _day(packed: str, written: str) -> date:
    for pattern, reader in ((_ERA, _era_day), (_WESTERN, _western_day), (_PLAIN, _plain_day), (_SERIAL, _serial_day)):
        match = pattern.match(packed.upper())
        if match and (
            match.end() == len(packed) or (reader is not _serial_day and _TAIL.fullmatch(packed[match.end() :]))
        ):
            return reader(match, written)
    if re.match(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{1,2}$", packed):
        raise CellError(f"「{written[:30]}」は、年が分かりません。年を4桁か元号で入れてください。")
    raise CellError(f"「{written[:30]}」は日付として読めません。2026/4/1 か 令和8年4月1日 のように入れてください。")


def _real(year: int, month: int, number: int, written: str) -> date:
    if not 1 <= month <= 12:
        raise CellError(f"「{written[:30]}」の月がありません。日付を直してください。")
    if not date.min.year <= year <= date.max.year:
        raise CellError(f"「{written[:30]}」の年を直してください。")
    last = calendar.monthrange(year, month)[1]
    if not 1 <= number <= last:
        raise CellError(
            f"「{written[:30]}」という日はありません。{year}年{month}月は{last}日までです。日付を直してください。"
        )
    return date(year, month, number)


def _era_day(match: re.Match[str], written: str) -> date:
    name, number, month, of_month = match.groups()
    first, called, _, first_year = next(era for era in ERAS if name in (era[1], era[2]))
    count = 1 if number == "元" else int(number)
    if count == 0:
        raise CellError(f"「{written[:30]}」の年がありません。元号の1年目は「元年」です。")
    calendar_day = _real(first_year + count - 1, int(month), int(of_month), written)
    if calendar_day < first:
        raise CellError(f"「{written[:30]}」は、{called}より前の日です。前の元号か西暦で入れてください。")
    # 平成35年 and later years occur in documents from before 2019. The meaning of such a year is clear.
    return calendar_day


def _western_day(match: re.Match[str], written: str) -> date:
    year, _, month, of_month = match.groups()
    return _real(int(year), int(month), int(of_month), written)


def _plain_day(match: re.Match[str], written: str) -> date:
    year, month, of_month = match.groups()
    return _real(int(year), int(month), int(of_month), written)


def _serial_day(match: re.Match[str], written: str) -> date:
    """Returns the day of Excel's serial number. A date cell that lost its format contains such a number."""
    return _EPOCH + timedelta(days=int(float(match[0])))


def _in_range(calendar_day: date) -> date:
    if not FIRST_YEAR <= calendar_day.year <= LAST_YEAR:
        raise CellError(f"{calendar_day.year}年の日付です。年を確かめて、直してください。")
    return calendar_day


# --- Numbers, yes and no, choices ------------------------------------------------------------


def number(value: Any, *, most: int, places: int = 0) -> Decimal | None:
    """Returns a number from 0 to `most` with at most `places` decimal places. Returns None for an empty cell."""
    written = narrow(value).replace(",", "").replace("、", "")
    if not written:
        return None
    written = re.sub(r"(?:点|か月|ヶ月|カ月|月)$", "", written)
    try:
        amount = Decimal(written) if re.fullmatch(r"-?\d{1,12}(?:\.\d{1,18})?", written) else Decimal("NaN")
    except InvalidOperation:  # pragma: no cover (the pattern accepts no such text)
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise CellError(f"「{written[:30]}」は数字ではありません。数字だけで入れてください。")
    amount = amount.normalize()
    if amount < 0 or amount > most:
        raise CellError(f"0から{most:,}までの数にしてください。")
    if -int(amount.as_tuple().exponent) > places:
        raise CellError("整数にしてください。" if not places else f"小数第{places}位までにしてください。")
    return amount.quantize(Decimal(1).scaleb(-places))


def whole(value: Any, *, most: int) -> int | None:
    amount = number(value, most=most)
    return None if amount is None else int(amount)


def hours(value: Any) -> Decimal | None:
    """Returns a number of hours. Accepts 6.5, 6.5時間 and 6時間30分. Returns None for an empty cell."""
    written = narrow(value).replace(" ", "")
    if match := _TIME.fullmatch(written):
        written = str(Decimal(match[1]) + Decimal(match[2]) / 60)
    return number(re.sub(r"(?:時間|h|hours?)$", "", written, flags=re.IGNORECASE), most=10_000, places=1)


def yes(value: Any) -> bool:
    """Whether the cell contains はい or a synonym of はい. An empty cell counts as いいえ."""
    written = narrow(value).casefold()
    if written in _YES or text(value) in _YES:
        return True
    if not written or written in _NO:
        return False
    raise CellError(f"「{written[:30]}」は、はい か いいえ にしてください。")


def choice(value: Any, options: Mapping[str, str]) -> str:
    """Returns the code of the option that the cell names by its code or its label.

    Returns "" for an empty cell. `options` maps codes to labels.
    """
    written = narrow(value).casefold()
    if not written:
        return ""
    for code, label in options.items():
        if written in (code.casefold(), unicodedata.normalize("NFKC", label).casefold()):
            return code
    raise CellError(f"「{written[:30]}」は使えません。{'・'.join(options.values())} のどれかにしてください。")
