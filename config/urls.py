"""All URLs of the site. Pages are served at /k/<public_id>/ only, so wagtail.urls is deliberately not included."""

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
