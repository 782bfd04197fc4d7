"""The Django application of the search room."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "search"
    verbose_name = "検索"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from search import checks, signals  # noqa: F401 -- importing checks registers them
        from search.registry import sources

        try:
            sources()
        except Exception:  # search.E001 says what is wrong; saving an item must not fail for it
            return
        signals.connect()
