"""Every environment variable that Manabi reads, once, typed and with its default.

Nothing else in the product reads ``os.environ``: settings take their values from ``env`` here,
and the rest of the code takes settings from ``django.conf``. docs/operations.md and
``.env.example`` list the same names (a house test compares them).
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
_read = environ.Env()


@dataclass(frozen=True)
class Env:
    """The variables as values: paths are absolute, lists are split on commas, dates are ISO."""

    secret_key: str
    allowed_hosts: tuple[str, ...]
    csrf_trusted_origins: tuple[str, ...]
    public_url: str
    database_url: str
    var_dir: Path
    shared_data: Path
    demo_today: date | None
    search_url: str
    search_prefix: str
    search_api_key: str
    search_user: str
    search_password: str
    search_ca: str
    search_dictionary: str
    email_url: str
    log_level: str
    secure_proxy: bool


def read_env() -> Env:
    """Read the process environment; raise ValueError where a value has the wrong form."""
    var_dir = Path(_read.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
    demo_today = _read.str("DEMO_TODAY", default="")
    return Env(
        secret_key=_read.str("SECRET_KEY", default=""),
        allowed_hosts=tuple(_read.list("ALLOWED_HOSTS", default=[])),
        csrf_trusted_origins=tuple(_read.list("CSRF_TRUSTED_ORIGINS", default=[])),
        public_url=_read.str("PUBLIC_URL", default="http://127.0.0.1:8000"),
        database_url=_read.str("DATABASE_URL", default=f"sqlite:///{var_dir / 'manabi.sqlite3'}"),
        var_dir=var_dir,
        shared_data=Path(_read.str("SHARED_DATA", default=str(BASE_DIR.parent / "shared" / "data"))),
        demo_today=date.fromisoformat(demo_today) if demo_today else None,
        search_url=_read.str("SEARCH_URL", default=""),
        search_prefix=_read.str("SEARCH_PREFIX", default="manabi"),
        search_api_key=_read.str("SEARCH_API_KEY", default=""),
        search_user=_read.str("SEARCH_USER", default=""),
        search_password=_read.str("SEARCH_PASSWORD", default=""),
        search_ca=_read.str("SEARCH_CA", default=""),
        search_dictionary=_read.str("SEARCH_DICTIONARY", default="small"),
        email_url=_read.str("EMAIL_URL", default=""),
        log_level=_read.str("LOG_LEVEL", default="INFO"),
        secure_proxy=_read.bool("SECURE_PROXY", default=False),
    )


env = read_env()
