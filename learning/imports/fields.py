"""The fields of each kind of import: their headings, the reader of a cell, and an example.

The guessed mapping, the templates and the exports use the same list, so that an export can be imported again. Nothing
here queries the database: ``learning.imports.loaders`` resolves codes and staff numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.db import models

from imports import cells
from learning.models import Kind, Obligation, TrainingCourse, TrainingRecord
from organization.japanese_dates import era_date

#: A row with a cell that begins like this is the example of the template. It is not imported.
EXAMPLE = "（例）"
Reader = Callable[[object], Any]


@dataclass(frozen=True)
class Field:
    name: str
    label: str
    read: Reader
    example: str
    help: str = ""
    required: bool = False
    #: Other headings with the same meaning.
    also: tuple[str, ...] = ()
    #: Whether an empty cell keeps the stored value of a known row.
    keeps: bool = False

    def shown(self, value: Any) -> Any:
        """`value` for display: the label of a code, a day with its era, anything else unchanged."""
        if self.read is cells.day and value:
            return era_date(value if isinstance(value, date) else date.fromisoformat(value))
        options: Mapping[str, str] = getattr(self.read, "keywords", {}).get("options", {})
        return options.get(value, value)


def _text(longest: int, *, lines: bool = False) -> Reader:
    return partial(cells.text, longest=longest, lines=lines)


def _number(value: object) -> str:
    """A staff number or code in one width without spaces. A numeric cell has lost its leading zeros (``matching``)."""
    return one_width(re.sub(r"\s", "", cells.text(value, longest=32)))


def one_width(code: str) -> str:
    return unicodedata.normalize("NFKC", code)


def _code(value: object) -> str:
    """The code of a course as it is written. ``loaders`` finds it in full and half width."""
    return re.sub(r"\s", "", cells.text(value, longest=32))


def _choice(options: type[models.Choices]) -> Reader:
    return partial(cells.choice, options=dict(options.choices))


def labels(options: type[models.Choices]) -> str:
    return "・".join(str(label) for _, label in options.choices)


_DAY = "2026/4/1、2026-04-01、令和8年4月1日、R8.4.1 のどの書き方でも読めます。"
_STAFF_NO = Field(
    "staff_no",
    "職員番号",
    _number,
    "100123",
    "人事の名簿の番号。",
    True,
    ("社員番号", "職員no", "職員コード", "staff_no", "employee_no", "staff number", "employee id"),
)
_NAME = Field(
    "name",
    "氏名",
    _text(60),
    "",
    "あれば、番号の人と同じかを確かめます。ちがう行は取り込まずに待たせます。",
    False,
    ("名前", "職員氏名", "受講者", "受講者名", "受講者氏名"),
)
_EXTERNAL_ID = Field(
    "external_id",
    "外部ID",
    _text(60),
    "",
    "もとの仕組みでの番号。あれば、同じ行を二度取り込みません。",
    False,
    ("id", "管理id", "受講id", "external_id", "record_id"),
)

FIELDS: Mapping[str, Sequence[Field]] = {
    Kind.COURSES: (
        Field(
            "code",
            "科目番号",
            _code,
            "S001",
            "目録の中で一つだけの番号（30文字まで）。",
            True,
            ("研修番号", "科目コード", "研修コード", "コード", "code", "course_code"),
        ),
        Field(
            "title",
            "名称",
            _text(100),
            "個人情報の取扱い研修",
            "100文字まで。",
            True,
            ("研修名", "科目名", "研修名称", "題名", "title", "course", "course_title", "name"),
        ),
        Field(
            "provider",
            "実施機関",
            _choice(TrainingCourse.Provider),
            "県",
            f"{labels(TrainingCourse.Provider)} のどれか。",
            also=("provider", "主催区分"),
            keeps=True,
        ),
        Field(
            "type",
            "区分",
            _choice(TrainingCourse.Type),
            "選択",
            f"{labels(TrainingCourse.Type)} のどれか。",
            also=("研修区分", "種別", "type"),
            keeps=True,
        ),
        Field(
            "obligation",
            "受講区分",
            _choice(Obligation),
            "応募",
            f"{labels(Obligation)} のどれか。",
            also=("obligation", "受講の区分"),
            keeps=True,
        ),
        Field("hours", "時間", cells.hours, "6.5", "6.5、6時間30分 のように。", also=("時間数", "研修時間", "hours")),
        Field(
            "valid_months",
            "有効月数",
            partial(cells.whole, most=1200),
            "",
            "受け直しが要る研修だけ。空なら期限なし。",
            also=("有効期間", "valid_months"),
        ),
        Field(
            "about",
            "内容",
            _text(1000, lines=True),
            "だれに向くか、何を学ぶか。",
            "1,000文字まで。検索で見つかります。",
            also=("概要", "説明", "about", "description"),
        ),
        Field(
            "retired",
            "終了した研修",
            cells.yes,
            "いいえ",
            "はい にすると、目録と検索に出なくなります。",
            also=("終了", "廃止", "retired"),
        ),
    ),
    Kind.RECORDS: (
        _STAFF_NO,
        _NAME,
        Field(
            "course_code",
            "科目番号",
            _code,
            "S001",
            "目録の番号。目録にない研修は空にして、名称を書きます。",
            also=("研修番号", "科目コード", "研修コード", "course_code", "code"),
        ),
        Field(
            "course_title",
            "名称",
            _text(100),
            "個人情報の取扱い研修",
            "目録に同じ名前があれば、その研修の記録になります。",
            also=("研修名", "科目名", "研修名称", "講座名", "course", "course_title", "title"),
        ),
        Field(
            "starts_on",
            "始まり",
            cells.day,
            "2025/6/10",
            _DAY,
            True,
            ("開始日", "受講日", "実施日", "研修開始日", "日付", "starts_on", "start", "start date", "date"),
        ),
        Field(
            "ends_on",
            "終わり",
            cells.day,
            "2025/6/11",
            "空なら、始まりと同じ日。",
            also=("終了日", "修了日", "研修終了日", "ends_on", "end", "end date"),
        ),
        Field("hours", "時間", cells.hours, "6.5", "6.5、6時間30分 のように。", also=("時間数", "研修時間", "hours")),
        Field(
            "status",
            "状況",
            _choice(TrainingRecord.Status),
            "修了",
            f"{labels(TrainingRecord.Status)} のどれか。",
            True,
            ("受講状況", "結果", "修了区分", "状態", "status", "result"),
        ),
        Field(
            "obligation",
            "受講区分",
            _choice(Obligation),
            "応募",
            f"{labels(Obligation)} のどれか。空なら目録のとおり。",
            also=("obligation",),
            keeps=True,
        ),
        Field("score", "点", partial(cells.whole, most=100), "", "0から100まで。", also=("点数", "得点", "score")),
        Field(
            "certificate_no",
            "修了証の番号",
            _text(60),
            "",
            "60文字まで。",
            also=("修了証番号", "認定番号", "証書番号", "certificate_no", "certificate"),
        ),
        Field("expires_on", "有効期限", cells.day, "", _DAY, also=("期限", "expires_on", "expiry", "valid until")),
        Field(
            "organiser",
            "主催",
            _text(100),
            "",
            "100文字まで。",
            also=("主催者", "実施機関", "organiser", "organizer", "provider"),
        ),
        _EXTERNAL_ID,
    ),
    Kind.COMPLETIONS: (
        _STAFF_NO,
        _NAME,
        Field(
            "path",
            "学習パスの管理番号",
            _number,
            "LP-R07-00001",
            "学習パスのページの上にある番号。",
            True,
            ("管理番号", "学習パス", "パス", "path", "path_id", "public_id"),
        ),
        Field(
            "path_title",
            "学習パスの名前",
            _text(200),
            "",
            "見やすくするためだけの列です。読みません。",
            also=("パス名", "path_title"),
        ),
        Field(
            "completed_on",
            "修了日",
            cells.day,
            "2025/6/10",
            _DAY,
            True,
            ("完了日", "修了年月日", "completed_on", "date"),
        ),
        Field(
            "valid_until",
            "有効期限",
            cells.day,
            "",
            "空なら、学習パスの決まりのとおり。",
            also=("期限", "valid_until", "expires_on"),
        ),
        _EXTERNAL_ID,
    ),
}


def field_of(kind: str, name: str) -> Field | None:
    return next((field for field in FIELDS[kind] if field.name == name), None)


def fold_heading(heading: str) -> str:
    """A heading in the form that is compared: one width, without spaces and marks such as ※ or （必須）."""
    narrow = unicodedata.normalize("NFKC", heading).casefold()
    return re.sub(r"\((?:必須|任意|\d+)\)|[\s※*＊_・:：()]", "", narrow)


def _names_by_heading(kind: str) -> dict[str, str]:
    """Maps each folded heading to the name of its field.

    If a heading is the label of one field and an alternative heading of another field, the first field gets it.
    """
    field_by_heading: dict[str, str] = {}
    for own in (True, False):
        for field in FIELDS[kind]:
            for heading in (field.label, field.name) if own else field.also:
                field_by_heading.setdefault(fold_heading(heading), field.name)
    return field_by_heading


_FIELD_BY_HEADING = {kind: _names_by_heading(kind) for kind in FIELDS}


def is_heading(kind: str, heading: str) -> bool:
    return fold_heading(heading) in _FIELD_BY_HEADING[kind]


def map_headings(kind: str, header: Sequence[str], remembered: Mapping[str, str]) -> dict[str, str]:
    """Maps each heading to the name of its field, or to "" if the column is not read. No field is used twice.

    `remembered` is the mapping that the source stores; other headings are guessed.
    """
    names = {field.name for field in FIELDS[kind]}
    remembered_names = {heading: remembered[heading] for heading in header if remembered.get(heading) in names}
    taken = set(remembered_names.values())
    mapping: dict[str, str] = {}
    for heading in header:
        if not heading:
            continue
        if heading in remembered:
            mapping[heading] = remembered_names.get(heading, "")
            continue
        guess = _FIELD_BY_HEADING[kind].get(fold_heading(heading), "")
        mapping[heading] = guess if guess not in taken else ""
        taken |= {guess}
    return mapping


def missing_fields(kind: str, mapping: Mapping[str, str]) -> list[str]:
    """The labels of required fields that have no column in `mapping`."""
    have = set(mapping.values())
    missing_labels = [field.label for field in FIELDS[kind] if field.required and field.name not in have]
    if kind == Kind.RECORDS and not have & {"course_code", "course_title"}:
        missing_labels.append("科目番号か名称")
    return missing_labels
