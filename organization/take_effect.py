"""組織改正 on its day: units that were given a name, a place or an end beforehand have it from today.

A version is saved weeks before it counts, and what is made of it (who finds an item, under which unit) only changes
on the day. So on that day each version is told of once more, as if it were saved now. It refuses to write a version.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db import router, transaction
from django.db.models import Q
from django.db.models.signals import post_save

from organization.models import OrgUnitVersion, TreeStamp

#: So far the first run of all looks back.
_AT_FIRST = timedelta(days=31)


@transaction.atomic
def take_effect(*, on: date) -> int:
    """Tell of every version that began or ended since the last day this was done for; gives how many. No day twice."""
    stamp, _ = TreeStamp.objects.select_for_update().get_or_create(pk=1)
    since = stamp.day or on - _AT_FIRST
    if since >= on:
        return 0
    begun = Q(valid_from__gt=since, valid_from__lte=on)
    ended = Q(valid_to__gte=since, valid_to__lt=on)
    versions = list(OrgUnitVersion.objects.filter(begun | ended).order_by("pk"))
    using = router.db_for_write(OrgUnitVersion)
    for version in versions:
        post_save.send(OrgUnitVersion, instance=version, created=False, raw=False, using=using, update_fields=None)
    TreeStamp.objects.filter(pk=1).update(day=on)
    return len(versions)
