"""The Django application of the kb room. It connects signals, and creates missing pages and groups after migrate."""

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

        from kb import checks, models  # noqa: F401 (importing the module registers its checks)
        from kb.admin import groups
        from kb.admin.page_policy import ReadablePagePermissionPolicy
        from organization.units import tree

        register_permission_policy(Page, ReadablePagePermissionPolicy(Page))

        post_migrate.connect(_ensure_tree_and_groups, dispatch_uid="kb.items.page_tree")
        pre_save.connect(groups.anonymise_log_entry, sender=PageLogEntry, dispatch_uid="kb.anonymise_log_entry")
        for model in (models.Term, models.Theme):
            post_save.connect(tree.touch, sender=model)
            post_delete.connect(tree.touch, sender=model)
        user_logged_in.connect(groups.sync_groups, dispatch_uid="kb.sync_groups")


def _ensure_tree_and_groups(app_config: AppConfig, **_: Any) -> None:
    # post_migrate is sent once for each app. When it is sent for wagtailcore, every table that the page tree needs
    # exists.
    if app_config.label == "wagtailcore":
        from kb.admin.groups import ensure_groups
        from kb.items.page_tree import ensure_tree

        ensure_tree()
        ensure_groups()
