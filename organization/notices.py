"""Notices, which are shown on a person's own page. ``learning.notifications.outbox`` sends mail once a day."""

from __future__ import annotations

from collections.abc import Iterable

from organization.models.notice import Notice
from organization.models.person import Person

BATCH = 500


def notify(person: Person, *, text: str, url: str = "") -> Notice:
    """Shows `text` on the person's own page, with a link to `url`. If an equal notice is still unread, nothing is
    added.

    Returns the new notice, or the equal notice that is still unread.
    """
    text = _short(text)
    unread = Notice.objects.unread_of(person).filter(text=text, url=url).first()
    return unread or Notice.objects.create(person=person, text=text, url=url)


def notify_many(notices: Iterable[tuple[Person, str, str]]) -> int:
    """Does the same as `notify` for many triples (person, text, url), with two queries per batch. Returns the number
    of new notices."""
    distinct = list(dict.fromkeys((person.pk, _short(text), url) for person, text, url in notices))
    created = 0
    for start in range(0, len(distinct), BATCH):
        batch = distinct[start : start + BATCH]
        unread = Notice.objects.filter(person__in={pk for pk, _, _ in batch}, read_at__isnull=True)
        known = set(unread.values_list("person_id", "text", "url"))
        new = [Notice(person_id=pk, text=text, url=url) for pk, text, url in batch if (pk, text, url) not in known]
        Notice.objects.bulk_create(new)
        created += len(new)
    return created


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:299]}…"
