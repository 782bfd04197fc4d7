"""Settings that all environments share. Values from environment variables come from ``config.env``."""

from datetime import date
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF

from config import env
from config.env import (
    ALLOWED_HOSTS,
    BASE_DIR,
    CSRF_TRUSTED_ORIGINS,
    SEARCH_API_KEY,
    SEARCH_CA,
    SEARCH_DICTIONARY,
    SEARCH_PASSWORD,
    SEARCH_PREFIX,
    SEARCH_URL,
    SEARCH_USER,
    SECRET_KEY,
    SHARED_DATA,
    VAR_DIR,
)

INSTALLED_APPS = [
    "organization",
    "kb",
    "learning",
    "search",
    "organization.apps.UsersConfig",  # replaces wagtail.users
    "wagtail.sites",
    "wagtail.images",
    # The documents app is needed, because every admin page reverses its URLs. Nobody has a permission on documents
    # (decision 0020).
    "wagtail.documents",
    "wagtail.admin",
    "wagtail",
    "wagtail.search",  # The search boxes in the admin's lists of pages and images need this app.
    "modelcluster",
    "taggit",
    "django_filters",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "organization.context_processors.site",
            ],
            "builtins": ["organization.templatetags.icons"],
        },
    }
]

DATABASES: dict[str, Any] = {"default": environ.Env.db_url_config(env.DATABASE_URL)}
# Connections are persistent, because opening the SQLite file took a tenth of the time of a page. DATABASE_URL may
# override this.
DATABASES["default"].setdefault("CONN_MAX_AGE", 600)
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL and IMMEDIATE are needed: with Django's defaults, most concurrent writes fail with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-20000;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "organization.User"
# A session ends on the last day of an appointment (organization.backends).
AUTHENTICATION_BACKENDS = ["organization.backends.PersonBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
# Sessions are stored in the database and in memory. So a session survives a restart, and it costs no query per page.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "ja"
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "config.static_files.BundleFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
# Each page loads one stylesheet and one script. Key: the published name. Value: the file under static/ that imports the
# parts.
STATIC_BUNDLES = {
    "site.css": "css/site.css",
    "site.js": "components/site.js",
    "write.js": "components/capture.js",
}
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

X_FRAME_OPTIONS = "DENY"  # The admin's preview sets an exception for itself.
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    # Wagtail's admin has inline styles and inline scripts without nonces. Only the offices use the admin.
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

WAGTAIL_SITE_NAME = "学び"
WAGTAILADMIN_BASE_URL = env.PUBLIC_URL
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAILEMBEDS_FINDERS: list[dict[str, Any]] = []
WAGTAIL_WORKFLOW_ENABLED = False
WAGTAIL_MODERATION_ENABLED = False
WAGTAILADMIN_COMMENTS_ENABLED = False
WAGTAILADMIN_RICH_TEXT_EDITORS: dict[str, Any] = {
    "default": {
        "WIDGET": "wagtail.admin.rich_text.DraftailRichTextArea",
        "OPTIONS": {"features": ["bold", "ol", "ul", "hr"]},
    }
}
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES = [("ja", "日本語")]
# Readers use our own search/. The admin's search boxes query the tables. With an index of Wagtail, somebody would have
# to keep the index up to date, and the index would treat a Japanese title as one word.
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database.fallback", "AUTO_UPDATE": False}}

SITE_NAME = "学び"
# The dotted path of a function that returns the cards for the demo's login page. Empty outside the demo.
LOGIN_CARDS = ""
SITE_NOTICE = ""
DEMO = False
DEMO_TODAY: date | None = None

# The search sources of the other rooms, by dotted path. Search loads them at boot (search/registry.py).
SEARCH_SOURCES = [
    "kb.search_source.ItemSource",
    "kb.search_source.ReferenceSource",
    "learning.search_source.PathSource",
    "learning.search_source.CourseSource",
]
SEARCH_SUGGESTERS = ["organization.search_source.UnitSuggester", "organization.search_source.PersonSuggester"]
SEARCH_READER = "organization.access_policy.reader_tokens"
# A function that maps the names in judgements to keys of the index. Only the demo has judged documents.
SEARCH_JUDGED = ""
#: Only this many characters of a text are searched. If a text is longer, its page tells the reader so.
SEARCH_FIELD_LIMIT = 50_000
# This index is used unless SEARCH_URL names an Elasticsearch server.
SEARCH_EMBEDDED_PATH = VAR_DIR / "search.sqlite3"
# The functions of the rooms above kb that kb calls, by dotted path (kb/hooks.py).
KB_PUBLISHED = ["learning.progress.recording.item_published"]
KB_ITEM_PARTS = ["learning.item_parts.in_paths"]
KB_HOME_PARTS = ["learning.home_parts.to_learn"]
RETROSPECTIVE_FORMATS_DIR = BASE_DIR / "kb" / "formats"

# Mail (learning/notifications/outbox.py). Without EMAIL_URL no mail is sent, and the outbox page shows a message about
# it. The sender is the value of `from` in the query part of EMAIL_URL.
_mail = environ.Env.email_url_config(env.EMAIL_URL or "dummymail://")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _mail.get("EMAIL_HOST") or "localhost", _mail.get("EMAIL_PORT") or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_USER") or "", _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_FILE_PATH = _mail.get("EMAIL_FILE_PATH") or None
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = _mail.get("OPTIONS", {}).get("FROM", "manabi@localhost")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"refusals": {"()": "config.log.RefusalsInOneLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}},
    # Wagtail logs titles, but our log must contain events and never content. The Elasticsearch client and urllib3 log
    # every request and certificate. Failures are reported by our own events.
    "loggers": {
        "wagtail": {"level": "WARNING"},
        "django_tasks": {"level": "WARNING"},
        "elastic_transport": {"level": "ERROR"},
        "urllib3": {"level": "ERROR"},
    },
    "root": {"handlers": ["console"], "level": env.LOG_LEVEL},
}
