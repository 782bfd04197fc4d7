"""The Django application of the demo room."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "demo"
    verbose_name = "デモ"
    default_auto_field = "django.db.models.BigAutoField"
