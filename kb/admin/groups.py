"""The groups of the knowledge office and the training office in the admin, and log entries without names.

A role is a row of Duty (0007), but Wagtail checks groups. So every login sets the user's groups from today's duties,
and nobody adds users to groups by hand. The training office gets no permission on pages, because its role does not open
pages (organization.access_policy).
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page, PageLogEntry

from organization.access_policy import reader_for
from organization.accounts import service_account
from organization.models import User

KNOWLEDGE_GROUP = "KM推進（知識の管理）"
TRAINING_GROUP = "研修担当"
VERBS = ("add", "change", "delete", "view")
#: The models that the offices edit besides pages, by app.
EDITED_MODELS = {
    "kb": ("theme", "scene", "stance", "term", "reference"),
    "organization": ("person", "orgunit", "orgunitversion", "orgevent", "post", "appointment", "duty"),
    "learning": ("trainingcourse", "trainingrecord"),
}
#: For each role: the name of its group, and the apps whose models the members of the group edit.
GROUPS = {"km": (KNOWLEDGE_GROUP, ("kb", "organization", "learning")), "training": (TRAINING_GROUP, ("learning",))}


def ensure_groups() -> Group:
    """Creates missing groups with their permissions. Returns the group of the knowledge office. Can be
    repeated safely.
    """
    groups = {role: _ensure_group(name, apps) for role, (name, apps) in GROUPS.items()}
    return groups["km"]


def _ensure_group(name: str, apps: tuple[str, ...]) -> Group:
    group, created = Group.objects.get_or_create(name=name)
    if Permission.objects.filter(codename="access_admin").exists() and (created or not group.permissions.exists()):
        matching = Q(codename="access_admin")
        for app in apps:
            codes = [f"{verb}_{model}" for verb in VERBS for model in EDITED_MODELS[app]]
            matching |= Q(content_type__app_label=app, codename__in=codes)
        group.permissions.set(Permission.objects.filter(matching))
    if name == KNOWLEDGE_GROUP and not GroupPagePermission.objects.filter(group=group).exists():
        _grant_pages_and_images(group)
    return group


def _grant_pages_and_images(group: Group) -> None:
    """Grants permissions on the whole page tree and all images. For each single page, kb.editor.permissions decides."""
    root, collection = Page.objects.filter(depth=1).first(), Collection.get_first_root_node()
    for codename in ("add_page", "change_page", "publish_page"):
        permission = Permission.objects.filter(codename=codename, content_type__app_label="wagtailcore").first()
        if root is not None and permission is not None:
            GroupPagePermission.objects.get_or_create(group=group, page=root, permission=permission)
    for codename in ("add_image", "change_image", "choose_image"):
        permission = Permission.objects.filter(codename=codename, content_type__app_label="wagtailimages").first()
        if collection is not None and permission is not None:
            GroupCollectionPermission.objects.get_or_create(group=group, collection=collection, permission=permission)


def sync_groups(sender: Any, user: User, **_: Any) -> None:
    """Receiver of user_logged_in. Adds the user to the groups of today's duties, and removes the user from the other
    groups.
    """
    roles = reader_for(user).roles
    ensure_groups()
    for role, (name, _apps) in GROUPS.items():
        group = Group.objects.get(name=name)
        # A superuser has the role km without a duty, and needs no group.
        if role in roles and not user.is_superuser:
            user.groups.add(group)
        else:
            user.groups.remove(group)


def anonymise_log_entry(sender: type[PageLogEntry], instance: PageLogEntry, **_: Any) -> None:
    """Receiver of pre_save. Puts the service account into Wagtail's page log instead of the user who acted.

    Nine screens of the admin show this log. AuditEvent records who did what, and only auditors read it (0003).
    """
    instance.user_id = service_account().pk
