"""All URLs of the site. wagtail.urls is not included on purpose, because pages are served at /k/<public_id>/ only."""

from django.urls import include, path

from config import health
from config.styleguide import styleguide

urlpatterns = [
    path("admin/", include("kb.admin.urls")),
    path("healthz/", health.alive, name="healthz"),
    path("readyz/", health.ready, name="readyz"),
    path("styleguide/", styleguide, name="styleguide"),
    path("", include("organization.urls")),
    path("search/", include("search.urls")),
    path("", include("learning.urls")),
    path("", include("kb.urls")),
]
