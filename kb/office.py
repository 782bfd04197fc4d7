"""The knowledge office in Wagtail's admin: one group, filled from today's duties, and logs that name nobody.

Roles are rows of Duty (decided.md, People). Wagtail asks groups, so the group follows the duties at
every log-in; nobody is put into it by hand.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page, PageLogEntry

from organization.accounts import service_account
from organization.policy import reader_for

GROUP = "KM推進（知識の管理）"
#: What the office edits beside pages: vocabularies, terms, references; people and units for who keeps them.
EDITS = {
    "kb": ("theme", "scene", "stance", "term", "reference"),
    "organization": ("person", "orgunit", "orgunitversion", "orgevent", "post", "appointment", "duty"),
    "learning": ("trainingcourse", "trainingrecord"),
}


def ensure_office() -> Group:
    """The group with its rights, made where it is missing. Safe to repeat."""
    group, made = Group.objects.get_or_create(name=GROUP)
    if Permission.objects.filter(codename="access_admin").exists() and (made or not group.permissions.exists()):
        wanted = Permission.objects.filter(codename="access_admin") | Permission.objects.none()
        for app, models in EDITS.items():
            for verb in ("add", "change", "delete", "view"):
                wanted = wanted | Permission.objects.filter(
                    content_type__app_label=app, codename__in=[f"{verb}_{model}" for model in models]
                )
        group.permissions.set(wanted)
        root = Page.objects.filter(depth=1).first()
        for codename in ("add_page", "change_page", "publish_page", "lock_page", "unlock_page"):
            permission = Permission.objects.filter(codename=codename, content_type__app_label="wagtailcore").first()
            if root is not None and permission is not None:
                GroupPagePermission.objects.get_or_create(group=group, page=root, permission=permission)
        collection = Collection.get_first_root_node()
        for codename in ("add_image", "change_image", "choose_image"):
            permission = Permission.objects.filter(codename=codename, content_type__app_label="wagtailimages").first()
            if collection is not None and permission is not None:
                GroupCollectionPermission.objects.get_or_create(
                    group=group, collection=collection, permission=permission
                )
    return group


def follow_duties(sender: Any, user: Any, **_: Any) -> None:
    """At log-in: in the group while a duty of the knowledge or the training office is held, else out of it."""
    roles = reader_for(user).roles
    group = ensure_office()
    if roles & {"km", "training"}:
        user.groups.add(group)
    else:
        user.groups.remove(group)


def unname_log_entry(sender: type[PageLogEntry], instance: PageLogEntry, **_: Any) -> None:
    """Wagtail's page log names whoever acted in nine screens; ours always names the service account.

    Who did what is in AuditEvent, which only auditors read (decided.md, Author).
    """
    instance.user_id = service_account().pk
