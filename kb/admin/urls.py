"""The URLs of the admin: Wagtail's URLs behind a permission check, without the addresses that are closed.

A user without access to the admin gets the site's page 「この操作はできません」. The site's login page is the only login page.

These addresses answer 404: reports that name who edited, locked or published (0003), or that have no use here;
Wagtail's password reset by mail; the deletion of accounts, because accounts are deactivated instead; workflows, collections,
groups, sites and documents, because the program maintains them; and the choosers of links, because no text is rich text.
Moving and copying pages is closed, because the program places every page, and because Wagtail's confirmation would name
any page to any user of the admin.
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
    r"^pages/\d+/(?:privacy|move|copy|convert_alias|set_position)/",
    r"^choose-(?:external|email|phone|anchor)-link/",
    r"^users/delete/",
    r"^bulk/organization/",
    r"^(?:workflows|collections|groups|sites|documents|password_reset|failwhale|test404)/",
)


def not_found(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def admin_access_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """View decorator: sends visitors to the login page, and raises PermissionDenied for accounts without access to the
    admin.
    """

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_anonymous:
            return redirect_to_login(request.get_full_path())
        if not request.user.has_perm("wagtailadmin.access_admin"):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


class AccountSettingsView(AccountView):
    """Shows only the setting for the theme of the admin. Names come from the directory, and the password is changed in
    the site.
    """

    def get_panels(self) -> list[Any]:
        return [ThemeSettingsPanel(self.request, self.request.user, self.get_profile())]

    def get_profile(self) -> Any:
        from wagtail.users.models import UserProfile

        return UserProfile.get_for_user(self.request.user)


def redirect_to_site_login(request: HttpRequest) -> HttpResponse:
    return redirect("login")


#: The addresses for logging in and out are open to everybody.
OPEN_PATTERNS = [
    pattern
    for pattern in wagtail_patterns
    if getattr(pattern, "name", "") in ("wagtailadmin_login", "wagtailadmin_logout")
]

urlpatterns = [
    path("login/", redirect_to_site_login),
    *decorate_urlpatterns(
        [
            *[re_path(pattern, not_found) for pattern in CLOSED],
            path("account/", AccountSettingsView.as_view(), name="wagtailadmin_account"),
        ],
        admin_access_required,
    ),
    *OPEN_PATTERNS,
    *decorate_urlpatterns(
        [pattern for pattern in wagtail_patterns if pattern not in OPEN_PATTERNS], admin_access_required
    ),
]
