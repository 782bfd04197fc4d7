"""The parts of `script/bench learning` that need the product's insides; run in the bench's own copy.

queries LOGIN PATH   SQL queries of one warm view of that page
rule                 seconds to say whom a rule for a thousand matches, and to assign its path to them
The last line printed is JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import bench_inside  # noqa: F401 -- sets Django up, so it comes before what needs it
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from demo.many_learners import FOR_A_RULE, TITLE_OF_A_THOUSAND
from learning.models import AssignmentRule, LearningPath
from organization import clock
from organization.models import User


def queries(login: str, path: str) -> dict[str, Any]:
    client = Client()
    client.force_login(User.objects.get(login=login))
    assert client.get(path).status_code == 200, path  # and warms what is kept
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return {"queries": len(captured)}


def rule() -> dict[str, Any]:
    if find_spec("learning.rules") is None:
        return {"missing": "learning.rules"}
    rules, today = import_module("learning.rules"), clock.today()
    one = AssignmentRule.objects.create(
        path=LearningPath.objects.get(title=FOR_A_RULE),
        titles=[TITLE_OF_A_THOUSAND],
        reason="計測のため。",
        starts_on=today,
    )
    began = time.perf_counter()
    matched = len(rules.matching(one, today))
    between = time.perf_counter()
    done = rules.run(one, today)
    return {
        "matching": between - began, "matched": matched, "assigning": time.perf_counter() - between, "assigned": done.assigned
    }  # fmt: skip


if __name__ == "__main__":
    wanted: dict[str, Callable[..., dict[str, Any]]] = {"queries": queries, "rule": rule}
    print(json.dumps(wanted[sys.argv[1]](*sys.argv[2:])))
