"""View decorators for role-only pages. Everybody else gets 404, not 403, so that the page's existence is not disclosed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase

from learning.access import permissions
from organization.access_policy import Viewer

View = Callable[..., HttpResponseBase]


def _only(allowed: Callable[[Viewer], bool]) -> Callable[[View], View]:
    def guard(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not allowed(request.user):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return guard


#: The training office.
office_only = _only(permissions.is_office)
#: The training office and heads, who edit assignment rules.
rule_editors_only = _only(lambda user: permissions.is_office(user) or permissions.is_manager(user))
