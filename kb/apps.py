"""The Django application of the kb room: after every migrate the page tree is made where it is missing."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_migrate, post_save, pre_save


class KBConfig(AppConfig):
    name = "kb"
    verbose_name = "知識ベース"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wagtail.models import Page, PageLogEntry
        from wagtail.permissions import register_permission_policy

        from kb import checks, models  # noqa: F401  (checks register themselves)
        from kb.admin import groups
        from kb.admin.page_policy import ReadablePages
        from organization.units import tree

        register_permission_policy(Page, ReadablePages(Page))

        post_migrate.connect(_make_tree, dispatch_uid="kb.items.page_tree")
        pre_save.connect(groups.unname_log_entry, sender=PageLogEntry, dispatch_uid="kb.unname_log_entry")
        for word in (models.Term, models.Theme):
            post_save.connect(tree.touch, sender=word)
            post_delete.connect(tree.touch, sender=word)
        user_logged_in.connect(groups.follow_duties, dispatch_uid="kb.follow_duties")


def _make_tree(app_config: AppConfig, **_: Any) -> None:
    # Wagtail's own tables come after ours in the list of apps; users and images come last of what the tree needs.
    if app_config.label == "wagtailcore":
        from kb.admin.groups import ensure_office
        from kb.items.page_tree import ensure_tree

        ensure_tree()
        ensure_office()
