"""Returns the rows of the team page for a CSV or xlsx file: names, paths, states and dates. The values are safe in a
spreadsheet program.

``learning.team.matrix`` checks permission when it selects the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imports.downloads import Sheet
from learning.models import STANDINGS, Assignment
from learning.paths.titles import PathTitles
from learning.team import matrix

HEADER = (
    "職員番号",
    "氏名",
    "所属",
    "職",
    "休職・育休",
    "学習パス",
    "状態",
    "開始",
    "期限",
    "すませた数",
    "要る数",
    "完了日",
    "有効期限",
    "経緯",
)
BATCH = 500


def sheet_of(rows: Sequence[Assignment], titles: PathTitles) -> Sheet:
    """Returns a sheet with one row for each assignment."""
    return Sheet("割当", HEADER, list(_export_rows(rows, titles)))


def _export_rows(rows: Sequence[Assignment], titles: PathTitles) -> Iterator[list[object]]:
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        places_by_person = matrix.places([row.person for row in batch])
        for row in batch:
            place = places_by_person.get(row.person_id, matrix.Place())
            yield [
                row.person.staff_no,
                row.person.name,
                place.unit,
                place.title,
                place.leave,
                titles.of(row.path_id),
                STANDINGS[row.standing()],
                row.start_on,
                row.due_on,
                row.steps_done,
                row.steps_needed,
                row.completed_on,
                row.valid_until,
                row.get_source_display(),
            ]
