"""Tell a person something on their own page. It refuses to send mail: digests come with a later issue."""

from __future__ import annotations

from organization.models.notice import Notice
from organization.models.person import Person


def notify(person: Person, *, text: str, url: str = "") -> Notice:
    """One sentence for `person`; an unread one with the same words is not repeated."""
    text = text if len(text) <= 300 else f"{text[:299]}…"
    found = Notice.objects.unread_of(person).filter(text=text, url=url).first()
    return found or Notice.objects.create(person=person, text=text, url=url)
