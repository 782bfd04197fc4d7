"""The addresses for login, for logout, and for the change of one's password."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from organization import views

urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", views.PasswordChange.as_view(), name="password_change"),
]
