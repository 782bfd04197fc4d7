"""The demo: a fictional prefecture. Visitors log in as one of its people with one click. Never use it for real data
(organization.E001).
"""

from .base import *

DEBUG = False
SECRET_KEY = env.SECRET_KEY or "demo-only-key-for-a-fictional-prefecture-on-one-machine"
ALLOWED_HOSTS = env.ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]", "testserver"]
INSTALLED_APPS = ["demo", *INSTALLED_APPS]
DEMO = True
SEARCH_JUDGED = "demo.judged.names"
LOGIN_CARDS = "demo.people.login_cards"
DEMO_TODAY = env.DEMO_TODAY
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # The demo sends no mail. Its outbox is a page.
SITE_NOTICE = "架空のデータです（信山県は実在しません）"
# The seven demo people share one short password.
AUTH_PASSWORD_VALIDATORS = []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
