"""The Django application of the learning room."""

from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "learning"
    verbose_name = "学び"
    default_auto_field = "django.db.models.BigAutoField"
