"""Makes a reorganisation (組織改正) visible in search on the day on which it takes effect.

New versions of units are entered weeks in advance. But the names under which search finds a unit's items change only on
the first day of a version. On that day this module sends `post_save` again for each version that begins or has ended,
and search indexes the affected items again. No version is written.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db import router, transaction
from django.db.models import Q
from django.db.models.signals import post_save

from organization.models import OrgUnitVersion, TreeStamp

#: The first run of all looks back this far.
_FIRST_LOOK_BACK = timedelta(days=31)


@transaction.atomic
def take_effect(*, on: date) -> int:
    """Sends `post_save` for every version that began or ended after the last run, up to `on`. No day is done twice.

    Returns the number of versions.
    """
    stamp, _ = TreeStamp.objects.select_for_update().get_or_create(pk=1)
    since = stamp.day or on - _FIRST_LOOK_BACK
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
