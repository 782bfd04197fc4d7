"""Tests: the demo's apps, fast password hashing, files in a folder of this run."""

import os
import tempfile
from pathlib import Path

import environ

from .demo import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.toy"]  # one more type of item (tests/kb/test_new_type.py)
VAR_DIR = Path(tempfile.gettempdir()) / f"manabi-test-{os.getpid()}"
MEDIA_ROOT = VAR_DIR / "media"
SEARCH_URL = ""  # never the configured server; the contract tests start their own
SEARCH_EMBEDDED_PATH = VAR_DIR / "search.sqlite3"
# Never DATABASE_URL, which may be a real database.
if TEST_DATABASE_URL := os.environ.get("TEST_DATABASE_URL"):
    # Another database than SQLite (script/postgres); the tests create their own on that server.
    DATABASES["default"] = environ.Env.db_url_config(TEST_DATABASE_URL)
else:
    DATABASES["default"]["NAME"] = VAR_DIR / "test.sqlite3"
    # A file, not :memory:, so that the threads of the live server and the worker share one database.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test-db.sqlite3")}
VAR_DIR.mkdir(parents=True, exist_ok=True)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEMO_TODAY = None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
