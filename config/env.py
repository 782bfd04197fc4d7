"""Every environment variable that Manabi reads. Each variable is read here once, with its type and its default.

No other module of the product reads ``os.environ``, except the test settings (TEST_DATABASE_URL). Settings take their
values from this module, and the other modules take settings from ``django.conf``. docs/reference/operations.md and
``.env.example`` list the same names; a house test compares them. If a value has the wrong form, ValueError is raised at
boot.
"""

from datetime import date
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
_read = environ.Env()

SECRET_KEY = _read.str("SECRET_KEY", default="")
ALLOWED_HOSTS = list(_read.list("ALLOWED_HOSTS", default=[]))
CSRF_TRUSTED_ORIGINS = list(_read.list("CSRF_TRUSTED_ORIGINS", default=[]))
PUBLIC_URL = _read.str("PUBLIC_URL", default="http://127.0.0.1:8000")
VAR_DIR = Path(_read.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
DATABASE_URL = _read.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'manabi.sqlite3'}")
SHARED_DATA = Path(_read.str("SHARED_DATA", default=str(BASE_DIR.parent / "shared" / "data")))
_demo_today = _read.str("DEMO_TODAY", default="")
DEMO_TODAY = date.fromisoformat(_demo_today) if _demo_today else None
SEARCH_URL = _read.str("SEARCH_URL", default="")
SEARCH_PREFIX = _read.str("SEARCH_PREFIX", default="manabi")
SEARCH_API_KEY = _read.str("SEARCH_API_KEY", default="")
SEARCH_USER = _read.str("SEARCH_USER", default="")
SEARCH_PASSWORD = _read.str("SEARCH_PASSWORD", default="")
SEARCH_CA = _read.str("SEARCH_CA", default="")
SEARCH_DICTIONARY = _read.str("SEARCH_DICTIONARY", default="small")
EMAIL_URL = _read.str("EMAIL_URL", default="")
LOG_LEVEL = _read.str("LOG_LEVEL", default="INFO")
SECURE_PROXY = _read.bool("SECURE_PROXY", default=False)
