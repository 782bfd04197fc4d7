"""Settings that every way of running shares. Secrets and hosts come from ``config.env``."""

from datetime import date
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF

from config.env import BASE_DIR, env

VAR_DIR = env.var_dir
SHARED_DATA = env.shared_data

INSTALLED_APPS = [
    "organization",
    "kb",
    "learning",
    "search",
    "organization.apps.UsersConfig",  # wagtail.users
    "wagtail.sites",
    "wagtail.images",
    # Every page of the admin asks for its addresses; nobody has a right to documents (decision 0020).
    "wagtail.documents",
    "wagtail.admin",
    "wagtail",
    "wagtail.search",  # the search boxes of the admin's lists of pages and images refuse to work without it
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
                "organization.context.site",
            ],
            "builtins": ["organization.templatetags.icons"],
        },
    }
]

DATABASES: dict[str, Any] = {"default": environ.Env.db_url_config(env.database_url)}
# Kept from one page to the next: to open SQLite's file anew took a tenth of a page's time. DATABASE_URL may say otherwise.
DATABASES["default"].setdefault("CONN_MAX_AGE", 600)
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL and IMMEDIATE: with Django's defaults most concurrent writes fail with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-20000;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "organization.User"
# A session ends with the last day of work (organization.backends).
AUTHENTICATION_BACKENDS = ["organization.backends.PersonBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
# Cached in the database as well as in memory, so that a session survives a restart and costs no query a page.
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
# One stylesheet and one script a page: published name → the file under static/ that imports the parts.
STATIC_BUNDLES = {
    "site.css": "css/site.css",
    "site.js": "components/site.js",
    "write.js": "components/capture.js",
}
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

SECRET_KEY = env.secret_key
ALLOWED_HOSTS = list(env.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(env.csrf_trusted_origins)
X_FRAME_OPTIONS = "DENY"  # the admin's own preview asks for an exception itself
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    # Wagtail's admin has inline styles and scripts without nonces; it is for the knowledge office alone.
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
WAGTAILADMIN_BASE_URL = env.public_url
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
# Finding is our own room (search/). The admin's search boxes ask the tables themselves: an index of Wagtail's would
# have to be kept, and takes a Japanese title for one word.
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database.fallback", "AUTO_UPDATE": False}}

SITE_NAME = "学び"
SITE_NOTICE = ""
DEMO = False
DEMO_TODAY: date | None = None

# Each content room offers what can be found by dotted path; search loads them at boot (search/registry.py).
SEARCH_SOURCES = [
    "kb.search_source.ItemSource",
    "kb.search_source.ReferenceSource",
    "learning.search_source.PathSource",
    "learning.search_source.CourseSource",
]
SEARCH_SUGGESTERS = ["organization.search_source.UnitSuggester", "organization.search_source.PersonSuggester"]
SEARCH_READER = "organization.policy.reader_tokens"
SEARCH_JUDGED = ""  # a function: names in judgements → keys; only the demo has documents that were judged
#: So many characters of a text are searched; the page of a longer one says so.
SEARCH_FIELD_LIMIT = 50_000
SEARCH_DICTIONARY = env.search_dictionary
# Unset: the embedded engine, a file. An address: Elasticsearch, and how it lets us in.
SEARCH_URL = env.search_url
SEARCH_PREFIX = env.search_prefix
SEARCH_API_KEY = env.search_api_key
SEARCH_USER = env.search_user
SEARCH_PASSWORD = env.search_password
SEARCH_CA = env.search_ca
SEARCH_EMBEDDED_PATH = VAR_DIR / "search.sqlite3"
# What the rooms above kb take part in, by dotted path (kb/hooks.py).
KB_PUBLISHED = ["learning.progress.recording.item_published"]
KB_ITEM_PARTS = ["learning.item_parts.in_paths"]
KB_HOME_PARTS = ["learning.home_parts.to_learn"]
RETROSPECTIVE_FORMATS_DIR = BASE_DIR / "kb" / "formats"

# Mail (learning/notifications/outbox.py). Without an address nothing is sent and the outbox says so. `from` in its query is the sender.
_mail = environ.Env.email_url_config(env.email_url or "dummymail://")
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
    # Wagtail names titles in its log lines; the log holds events, never content.
    # The client of Elasticsearch tells of each request, and what it stands on of each certificate; our own events say what
    # becomes of those that fail.
    "loggers": {
        "wagtail": {"level": "WARNING"},
        "django_tasks": {"level": "WARNING"},
        "elastic_transport": {"level": "ERROR"},
        "urllib3": {"level": "ERROR"},
    },
    "root": {"handlers": ["console"], "level": env.log_level},
}
