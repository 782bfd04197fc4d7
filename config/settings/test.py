"""Settings for tests: the apps of the demo, fast password hashing, and files in a folder of the current test run."""

import os
import tempfile
from pathlib import Path

import environ

from .demo import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.toy"]  # This app has one more item type (tests/kb/test_new_type.py).
VAR_DIR = Path(tempfile.gettempdir()) / f"manabi-test-{os.getpid()}"
MEDIA_ROOT = VAR_DIR / "media"
SEARCH_URL = ""  # Tests never use the configured search server. The contract tests start a server of their own.
SEARCH_EMBEDDED_PATH = VAR_DIR / "search.sqlite3"
# Tests never use DATABASE_URL, because it may name a real database.
if TEST_DATABASE_URL := os.environ.get("TEST_DATABASE_URL"):
    # A database other than SQLite (script/postgres). The tests create their own databases on that server.
    DATABASES["default"] = environ.Env.db_url_config(TEST_DATABASE_URL)
else:
    DATABASES["default"]["NAME"] = VAR_DIR / "test.sqlite3"
    # The database is a file and not :memory:, so that the threads of the live server and the worker share one database.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test-db.sqlite3")}
VAR_DIR.mkdir(parents=True, exist_ok=True)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEMO_TODAY = None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
