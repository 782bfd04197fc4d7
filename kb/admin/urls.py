"""The addresses of the admin: Wagtail's behind our door, less what the office has no use for or must not see.

Who has no account in the admin gets the site's own 「この操作はできません」, and the one log-in page is the site's.
Closed: reports that name who edited, locked or published (0003) or that mean nothing here; Wagtail's
log-in and mailed passwords; the deletion of accounts, which end by a mark; workflows, collections, groups, sites and
documents, which the program keeps.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, re_path
from wagtail.admin.urls import urlpatterns as wagtail_patterns
from wagtail.admin.views.account import AccountView, ThemeSettingsPanel
from wagtail.utils.urlpatterns import decorate_urlpatterns

CLOSED = (
    r"^reports/(?:locked|workflow|workflow_tasks|site-history|aging-pages|page-types-usage)/",
    r"^pages/\d+/workflow_history/",
    r"^pages/\d+/privacy/",
    r"^users/delete/",
    r"^bulk/organization/",
    r"^(?:workflows|collections|groups|sites|documents|password_reset|failwhale|test404)/",
)


def closed(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def office_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @functools.wraps(view)
    def behind_the_door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_anonymous:
            return redirect_to_login(request.get_full_path())
        if not request.user.has_perm("wagtailadmin.access_admin"):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return behind_the_door


class Account(AccountView):
    """How the admin looks; names come from the directory, and the password is changed in the site."""

    def get_panels(self) -> list[Any]:
        return [ThemeSettingsPanel(self.request, self.request.user, self.get_profile())]

    def get_profile(self) -> Any:
        from wagtail.users.models import UserProfile

        return UserProfile.get_for_user(self.request.user)


def to_login(request: HttpRequest) -> HttpResponse:
    return redirect("login")


urlpatterns = [
    path("login/", to_login),
    *decorate_urlpatterns(
        [
            *[re_path(pattern, closed) for pattern in CLOSED],
            path("account/", Account.as_view(), name="wagtailadmin_account"),
        ],
        office_only,
    ),
    # Logging out is everybody's; everything else is the office's.
    *[one for one in wagtail_patterns if getattr(one, "name", "") in ("wagtailadmin_login", "wagtailadmin_logout")],
    *decorate_urlpatterns(
        [
            one
            for one in wagtail_patterns
            if getattr(one, "name", "") not in ("wagtailadmin_login", "wagtailadmin_logout")
        ],
        office_only,
    ),
]
