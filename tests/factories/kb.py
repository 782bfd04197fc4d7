"""Items for tests, created with the product's own functions. Values that a test does not set have sensible defaults.

author = make_staff(unit)
lesson = make_lesson(author)                        # readable by the author's unit
sent = make_lesson(author, audience="prefecture")   # waits for the unit's reviewer
"""

from __future__ import annotations

from datetime import date
from typing import Any

from kb.lifecycle import publication
from kb.models import Answer, Challenge, Item, Lesson, LessonSource, ReferenceSource, Retrospective
from organization.models import Person

OCCURRED = date(2025, 6, 10)


def write(item: Item, by: Person) -> Item:
    """Create the item with its id and place. It is neither submitted nor published."""
    return publication.create(item=item, by=by)


def send(item: Item, by: Person) -> Item:
    """Create and submit the item: for one's own unit it is published at once, for a wider audience it waits for review."""
    write(item, by)
    return publication.submit(item=item, by=by)


def publish(item: Item, by: Person) -> Item:
    """Create and publish the item for any audience, as if its reviewer had accepted it."""
    write(item, by)
    return publication.publish(item=item)


def lesson(**values: Any) -> Lesson:
    """An unsaved lesson."""
    values.setdefault("title", "土のうは前日に積んでおく")
    values.setdefault("observation", "夕方の雨で、道路の土のうが足りなくなった。")
    values.setdefault("citizen_effect", "県民が通る道が、夜のうちに通れるようになる。")
    values.setdefault("occurred_on", OCCURRED)
    return Lesson(**values)


def make_lesson(by: Person, **values: Any) -> Lesson:
    """A submitted lesson with a source in words."""
    item = send(lesson(**values), by)
    LessonSource.objects.create(lesson=item, external="日々の仕事での気づき")
    return item


def make_retrospective(by: Person, *, answers: tuple[tuple[str, str], ...] = (), **values: Any) -> Retrospective:
    """A published retrospective, with one answer unless `answers` are given."""
    values.setdefault("title", "夏の防災訓練のふりかえり")
    values.setdefault("format", "kpt")
    values.setdefault("subject", "夏の防災訓練")
    values.setdefault("occurred_on", OCCURRED)
    item = Retrospective(**values)
    rows = answers or (("keep", "前日に役割を紙で配った。"),)
    item.answers.set([Answer(section_key=key, text=text, sort_order=n) for n, (key, text) in enumerate(rows)])
    return publish(item, by)


def make_challenge(by: Person, **values: Any) -> Challenge:
    """A published challenge in the stage of an idea."""
    values.setdefault("title", "窓口の待ち時間を半分にする")
    values.setdefault("hypothesis", "予約を受ければ、待ち時間は半分になる。")
    values.setdefault("stop_rule", "苦情が週に5件をこえたらやめる。")
    values.setdefault("premortem", ["予約の電話が鳴りやまない"])
    values.setdefault("occurred_on", OCCURRED)
    return publish(Challenge(**values), by)


def reference_source(name: str = "test", **values: Any) -> ReferenceSource:
    """The source of that name; it is created if it is missing."""
    return ReferenceSource.objects.get_or_create(name=name, defaults={"label": "試験", **values})[0]
