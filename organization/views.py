"""The login page, and the page on which a user changes the password. In the demo, the login page shows a card for
each demo person."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.utils.module_loading import import_string


def login_cards() -> list[dict[str, Any]]:
    """Returns the cards of the login page. ``settings.LOGIN_CARDS`` names the function that makes them. Outside the
    demo there are none."""
    path = getattr(settings, "LOGIN_CARDS", "")
    return list(import_string(path)()) if path and getattr(settings, "DEMO", False) else []


class LoginForm(AuthenticationForm):
    """The login form. Every refusal shows the same sentence, so that nobody learns from it whether a login exists."""

    error_messages = {
        "invalid_login": "ログインIDかパスワードが違います。もう一度入れてください。",
        "inactive": "ログインIDかパスワードが違います。もう一度入れてください。",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In the demo, most people want to choose a card. If the login field had the focus, a phone's keyboard would
        # cover the cards.
        self.fields["username"].widget.attrs.pop("autofocus", None)
        self.fields["username"].label = "ログインID"
        self.fields["username"].error_messages = {"required": "ログインIDを入れてください。"}
        self.fields["password"].label = "パスワード"
        self.fields["password"].error_messages = {"required": "パスワードを入れてください。"}


class Login(LoginView):
    template_name = "organization/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "cards": login_cards(), "site_name": settings.SITE_NAME}


class PasswordChange(PasswordChangeView):
    template_name = "organization/password_change.html"
    form_class = PasswordChangeForm

    def form_valid(self, form: Form) -> HttpResponse:
        messages.success(self.request, "パスワードを変えました。")
        return super().form_valid(form)  # type: ignore[arg-type]

    def get_success_url(self) -> str:
        return resolve_url(settings.LOGIN_REDIRECT_URL)
