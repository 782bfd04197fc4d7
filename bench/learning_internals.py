"""The parts of `script/bench learning` that need the product's code. They run in the bench's copy.

queries LOGIN PATH   counts the SQL queries of this page, when it is viewed again
rule                 measures the seconds to find the thousand people of a rule, and to assign its path to them
workbook FILE.csv    writes the same rows to an xlsx file beside it, with dates as dates
The last line printed is JSON.
"""

import csv
import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook

import bench.product_internals  # noqa: F401 -- sets up Django, so it must be imported first
from demo.many_learners import COMMON_POST_TITLE, RULE_PATH_TITLE
from learning.models import AssignmentRule, LearningPath
from learning.rules import matching
from organization import clock
from organization.models import User

#: The columns that contain dates.
DAYS = (3, 4)


def queries(login: str, path: str) -> dict[str, Any]:
    client = Client()
    client.force_login(User.objects.get(login=login))
    assert client.get(path).status_code == 200, path  # the first view fills the caches
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return {"queries": len(captured)}


def rule() -> dict[str, Any]:
    today = clock.today()
    new_rule = AssignmentRule.objects.create(
        path=LearningPath.objects.get(title=RULE_PATH_TITLE),
        titles=[COMMON_POST_TITLE],
        reason="計測のため。",
        starts_on=today,
    )
    began = time.perf_counter()
    matched = len(matching.matching_people(new_rule, today))
    between = time.perf_counter()
    done = matching.apply_rule(new_rule, today)
    return {
        "matching": between - began,
        "matched": matched,
        "assigning": time.perf_counter() - between,
        "assigned": done.assigned,
    }


def workbook(path: str) -> dict[str, Any]:
    target = Path(path).with_suffix(".xlsx")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("受講履歴")
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        sheet.append(next(lines))
        for row in lines:
            sheet.append([date.fromisoformat(cell) if column in DAYS else cell for column, cell in enumerate(row)])
    book.save(target)
    return {"workbook": str(target)}


if __name__ == "__main__":
    commands: dict[str, Callable[..., dict[str, Any]]] = {"queries": queries, "rule": rule, "workbook": workbook}
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))
