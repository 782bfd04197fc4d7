"""The knowledge and the training office in Wagtail's admin: groups filled from today's duties, logs that name nobody.

Roles are rows of Duty (0007). Wagtail asks groups, so the groups follow the duties at
every log-in; nobody is put into them by hand. The training office gets no right to any page: its
role opens none (organization.policy).
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page, PageLogEntry

from organization.accounts import service_account
from organization.policy import reader_for

GROUP = "KM推進（知識の管理）"
TRAINING_GROUP = "研修担当"
VERBS = ("add", "change", "delete", "view")
#: What the offices edit beside pages: vocabularies, terms, references; people and units for who keeps them.
EDITS = {
    "kb": ("theme", "scene", "stance", "term", "reference"),
    "organization": ("person", "orgunit", "orgunitversion", "orgevent", "post", "appointment", "duty"),
    "learning": ("trainingcourse", "trainingrecord"),
}
#: By role: the group, and the rooms whose rows its members edit.
GROUPS = {"km": (GROUP, ("kb", "organization", "learning")), "training": (TRAINING_GROUP, ("learning",))}


def ensure_office() -> Group:
    """The groups with their rights, made where they are missing; returns the knowledge office's. Safe to repeat."""
    found = {role: _ensure(name, apps) for role, (name, apps) in GROUPS.items()}
    return found["km"]


def _ensure(name: str, apps: tuple[str, ...]) -> Group:
    group, made = Group.objects.get_or_create(name=name)
    if Permission.objects.filter(codename="access_admin").exists() and (made or not group.permissions.exists()):
        wanted = Q(codename="access_admin")
        for app in apps:
            codes = [f"{verb}_{model}" for verb in VERBS for model in EDITS[app]]
            wanted |= Q(content_type__app_label=app, codename__in=codes)
        group.permissions.set(Permission.objects.filter(wanted))
    if name == GROUP and not GroupPagePermission.objects.filter(group=group).exists():
        _give_pages_and_images(group)
    return group


def _give_pages_and_images(group: Group) -> None:
    """Rights over the whole tree and every image; what may be done with one page is kb.editor.permissions' to say."""
    root, collection = Page.objects.filter(depth=1).first(), Collection.get_first_root_node()
    for codename in ("add_page", "change_page", "publish_page"):
        permission = Permission.objects.filter(codename=codename, content_type__app_label="wagtailcore").first()
        if root is not None and permission is not None:
            GroupPagePermission.objects.get_or_create(group=group, page=root, permission=permission)
    for codename in ("add_image", "change_image", "choose_image"):
        permission = Permission.objects.filter(codename=codename, content_type__app_label="wagtailimages").first()
        if collection is not None and permission is not None:
            GroupCollectionPermission.objects.get_or_create(group=group, collection=collection, permission=permission)


def follow_duties(sender: Any, user: Any, **_: Any) -> None:
    """At log-in: in the group of each duty that is held today, out of the others."""
    roles = reader_for(user).roles
    ensure_office()
    for role, (name, _apps) in GROUPS.items():
        group = Group.objects.get(name=name)
        # The superuser's role km is no duty, and a superuser needs no group.
        if role in roles and not user.is_superuser:
            user.groups.add(group)
        else:
            user.groups.remove(group)


def unname_log_entry(sender: type[PageLogEntry], instance: PageLogEntry, **_: Any) -> None:
    """Wagtail's page log names whoever acted in nine screens; ours always names the service account.

    Who did what is in AuditEvent, which only auditors read (0003).
    """
    instance.user_id = service_account().pk
