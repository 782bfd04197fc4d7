"""Migrations of kb go forward on a database with data in it, on SQLite and on PostgreSQL (TEST_DATABASE_URL)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

pytestmark = pytest.mark.slow

# A process of its own: the other tests run without migrations.
SCRIPT = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from kb.models import NextAction
from tests.factories.kb import make_retrospective
from tests.factories.organization import make_staff, make_unit

def columns():
    with connection.cursor() as cursor:
        return {c.name for c in connection.introspection.get_table_description(cursor, "kb_nextaction")}

def rows():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, what, retrospective_id FROM kb_nextaction ORDER BY id")
        return cursor.fetchall()

call_command("migrate", verbosity=0)
item = make_retrospective(make_staff(make_unit()))
item.set_next_actions([NextAction(what="役割を紙で配る"), NextAction(what="鍵の場所を書く")])
item.save()
before = rows()
assert len(before) == 2
call_command("migrate", "kb", "0006_draft_kind", verbosity=0)
assert "uid" not in columns() and rows() == before
call_command("migrate", verbosity=0)
assert rows() == before
assert len({action.uid for action in NextAction.objects.all()} - {None}) == 2
print("forward")
"""


@pytest.fixture
def empty_database(tmp_path: Path, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """The environment of a process whose database is new: a file, or a database on the server of the tests."""
    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        yield {"DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}"}
        return
    name = f"manabi_migrations_{os.getpid()}"
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield {"DATABASE_URL": f"{server.rpartition('/')[0]}/{name}"}
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_next_actions_get_uids_and_keep_their_rows(empty_database, tmp_path):
    environment = os.environ | empty_database
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings.demo", "VAR_DIR": str(tmp_path), "DEMO_TODAY": ""}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip().endswith("forward"), done.stderr
