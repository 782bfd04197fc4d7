"""The Django application of the organization room."""

from django.apps import AppConfig


class OrganizationConfig(AppConfig):
    name = "organization"
    verbose_name = "組織"
    default_auto_field = "django.db.models.BigAutoField"
