"""System checks of this room. The checks refuse dangerous settings and data when Django starts, and give a hint.

E001: the people of the demo must not exist beside real records. E002: only the demo may move the clock. E003: the
versions of one unit must not overlap. E003 and half of E001 read the database, so they run only with ``check --database
default`` and with ``migrate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from organization.models import OrgUnitVersion, User

DEMO_LOGINS = ("shinjin", "shippitsu", "shochou", "km", "shichoson", "kanri", "kenshu")
DEMO_PASSWORD = "manabi"  # noqa: S105  (the check searches for this password to refuse it)
PRODUCTION_MARKERS = ("SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")


@register(Tags.security)
def demo_and_production_apart(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """E001: the seven people of the demo must not exist beside real records, because everybody knows their password."""
    markers = [name for name in PRODUCTION_MARKERS if getattr(settings, name, False)]
    if getattr(settings, "DEMO", False):
        return [
            Error(
                f"DEMO is on together with production settings: {', '.join(markers)}.",
                hint="Run real work with config.settings.production, and the demo with config.settings.demo alone.",
                id="organization.E001",
            )
            for _ in markers[:1]
        ]
    if apps.is_installed("demo"):
        hint = "Remove it from INSTALLED_APPS: it makes people with a known password."
        return [Error("The demo app is installed, but DEMO is off.", hint=hint, id="organization.E001")]
    return []


@register(Tags.security)
def only_the_demo_moves_the_clock(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """E002: a moved clock would give records wrong dates and would show appointments before their announcement."""
    if getattr(settings, "DEMO_TODAY", None) and not getattr(settings, "DEMO", False):
        hint = "Unset the environment variable DEMO_TODAY."
        return [Error("DEMO_TODAY is set outside the demo.", hint=hint, id="organization.E002")]
    return []


@register(Tags.database)
def no_demo_people_in_real_work(
    app_configs: object, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """E001 for the database: the database may have been used for the demo before."""
    if getattr(settings, "DEMO", False) or not _has_table(User._meta.db_table, databases):
        return []
    accounts = User.objects.filter(login__in=DEMO_LOGINS, is_active=True).values_list("login", "password")
    known = [login for login, password in accounts if check_password(DEMO_PASSWORD, password)]
    hint = "Give them other passwords or deactivate them: everybody who has seen the demo knows this one."
    return [Error(f"Demo people can log in: {', '.join(known)}.", hint=hint, id="organization.E001")] if known else []


@register(Tags.database)
def versions_do_not_overlap(
    app_configs: object, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """E003: versions of one unit overlap. This can happen because bulk writes skip the validation of the model (I5)."""
    if not _has_table(OrgUnitVersion._meta.db_table, databases):
        return []
    rows = OrgUnitVersion.objects.order_by("unit_id", "valid_from").values_list("unit__code", "valid_from", "valid_to")
    codes = sorted(
        {
            code
            for (code, _, ends), (following, starts, _) in pairwise(rows)
            if code == following and (ends is None or ends >= starts)
        }
    )
    hint = "In the admin, 組織 > 名称の移り変わり: end each version on the day before the next begins."
    return [Error(f"Versions overlap: {', '.join(codes)}.", hint=hint, id="organization.E003")] if codes else []


def _has_table(table: str, databases: Sequence[str] | None) -> bool:
    """Whether the check runs with the default database and the table exists there."""
    return "default" in (databases or ()) and table in connections["default"].introspection.table_names()
