"""Items for tests, made by the product's own verbs: what a test does not say has a sensible value.

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
    """Give the item its id and place; it is not sent anywhere yet."""
    return publication.create(item=item, by=by)


def send(item: Item, by: Person) -> Item:
    """Written and submitted: published at once to one's own unit, waiting for a reviewer when wider."""
    write(item, by)
    return publication.submit(item=item, by=by)


def publish(item: Item, by: Person) -> Item:
    """Written and published, whatever its audience: how it stands after its reviewer accepted it."""
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
    """A lesson that was sent, with its source in words."""
    made = send(lesson(**values), by)
    LessonSource.objects.create(lesson=made, external="日々の仕事での気づき")
    return made


def make_retrospective(by: Person, *, answers: tuple[tuple[str, str], ...] = (), **values: Any) -> Retrospective:
    """A retrospective that was published, with one answer unless others are given."""
    values.setdefault("title", "夏の防災訓練のふりかえり")
    values.setdefault("format", "kpt")
    values.setdefault("subject", "夏の防災訓練")
    values.setdefault("occurred_on", OCCURRED)
    made = Retrospective(**values)
    rows = answers or (("keep", "前日に役割を紙で配った。"),)
    made.answers.set([Answer(section_key=key, text=text, sort_order=n) for n, (key, text) in enumerate(rows)])
    return publish(made, by)


def make_challenge(by: Person, **values: Any) -> Challenge:
    """A published challenge in the stage of an idea."""
    values.setdefault("title", "窓口の待ち時間を半分にする")
    values.setdefault("hypothesis", "予約を受ければ、待ち時間は半分になる。")
    values.setdefault("stop_rule", "苦情が週に5件をこえたらやめる。")
    values.setdefault("premortem", ["予約の電話が鳴りやまない"])
    values.setdefault("occurred_on", OCCURRED)
    return publish(Challenge(**values), by)


def reference_source(name: str = "test", **values: Any) -> ReferenceSource:
    """The source of that name, made where it is missing."""
    return ReferenceSource.objects.get_or_create(name=name, defaults={"label": "試験", **values})[0]
