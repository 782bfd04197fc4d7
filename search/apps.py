"""The Django app of search."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "search"
    verbose_name = "検索"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from search import checks, signals  # noqa: F401 -- importing registers the checks
        from search.registry import sources

        try:
            sources()
        except Exception:  # search.E001 reports the error; without search, an item can still be saved
            return
        signals.connect()
