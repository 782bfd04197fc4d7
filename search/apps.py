"""The Django app of search."""

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
        except Exception:  # search.E001 reports it; saving an item must not fail because of it
            return
        signals.connect()
