"""The Django app of this room, and Wagtail's app for users with our own screens."""

from django.apps import AppConfig
from wagtail.users.apps import WagtailUsersAppConfig


class UsersConfig(WagtailUsersAppConfig):
    default = False
    user_viewset = "organization.admin.users.OfficeUserViewSet"


class OrganizationConfig(AppConfig):
    default = True
    name = "organization"
    verbose_name = "組織"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connects the signals that make cached data stale: the unit tree, the readers and the service account."""
        from django.core.signals import request_finished, request_started
        from django.db.models.signals import m2m_changed, post_delete, post_migrate, post_save

        from organization import access_policy, accounts, checks, models  # noqa: F401  (importing registers the checks)
        from organization.units import tree

        for model in (models.OrgUnit, models.OrgUnitVersion, models.OrgEvent):
            post_save.connect(tree.touch, sender=model)
            post_delete.connect(tree.touch, sender=model)
        for link in (models.OrgEvent.from_units.through, models.OrgEvent.to_units.through):
            m2m_changed.connect(tree.touch, sender=link)
        for row in (models.Person, models.Post, models.Appointment, models.Duty):
            post_save.connect(access_policy.forget_readers, sender=row)
            post_delete.connect(access_policy.forget_readers, sender=row)
        request_started.connect(tree.begin_request)
        request_finished.connect(tree.end_request)
        post_migrate.connect(accounts.forget_service_account, sender=self)
