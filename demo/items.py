"""Stores the items of the demo in the database. Each item gets its author, dates, links and reactions."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from demo.content import Content, build_content
from demo.world import World, uid
from kb.formats.loading import get_format
from kb.lifecycle import publication
from kb.models import (
    Addendum,
    Answer,
    Article,
    Challenge,
    Item,
    Lesson,
    LessonSource,
    NextAction,
    Reaction,
    Retrospective,
    Scene,
    Stance,
    Theme,
)
from kb.models.items.states import State
from learning.models import TrainingCourse, TrainingRecord
from organization import clock
from organization.fiscal import fiscal_year
from organization.models import OrgUnit, Person, Post


class ItemLoader:
    """Stores one `Content` after another. `items` contains the stored items by key, because later items refer to
    earlier ones.
    """

    def __init__(self, *, world: World, units: dict[str, OrgUnit], people: dict[str, Person], images: dict[str, Any]):
        self.world, self.units, self.people, self.images = world, units, people, images
        self.items: dict[str, Item] = {}
        self.vocabularies = {
            name: {row.code: row for row in model.objects.all()}
            for name, model in (("themes", Theme), ("scenes", Scene), ("stances", Stance))
        }

    def load(self, content: Content) -> None:
        d = content.data
        author = self._author(content)
        item = getattr(self, f"_{d['type']}")(content)
        item.title, item.occurred_on = d["title"], content.on
        # This is the same on every day (demo.judged). It is never shown.
        item.translation_key = uid("item", content.key)
        item.summary = d.get("summary") or (d["answers"][0]["text"].strip()[:120] if d.get("answers") else "")
        item.owner_unit = self.units[content.unit]
        item.audience, item.attribution = d["audience"], d["attribution"]
        item.keywords = d.get("keywords", [])
        item.review_due = content.on + timedelta(days=365 if not d.get("stale") else 60)
        if not d.get("stale") and item.review_due < self.world.today:
            item.review_due = self.world.today + timedelta(days=30 + len(self.items) % 300)
        if d.get("stale"):
            item.review_due = min(item.review_due, self.world.today - timedelta(days=5))
        for name, rows in self.vocabularies.items():
            getattr(item, name).set([rows[code] for code in d.get(name, [])])
        item.municipalities.set([self.units[code] for code in d.get("municipalities", [])])
        publication.create(item=item, by=author, registered_in=fiscal_year(content.on))
        if isinstance(item, Lesson):
            self._source(item, d["source"])
        if not self._waits(content):
            publication.publish(item=item)
            self._set_dates(item, content.on)
        else:
            item.submitted_at = clock.now() - timedelta(days=2)
            item.save(clean=False)
            item.save_revision(clean=False)
        for row in d.get("addenda", []):
            at = _noon(min(content.on + timedelta(days=row["days_after"]), self.world.today))
            Addendum.objects.create(retrospective=item, text=row["text"].strip(), written_at=at)
        self._react(item)
        if d.get("format") == "training":
            self._record(item, author, d, content.on)
        self.items[content.key] = item

    def _author(self, content: Content) -> Person:
        """Returns a member of the unit as the author, the same in every run. In 県民協働課 about every third author is the
        persona `shippitsu`.
        """
        staff = self.world.by_unit[content.unit]
        number = uuid.uuid5(uid("author"), content.key).int
        if content.unit == "kyodo" and number % 3 == 0:
            return self.people["shippitsu"]
        return self.people[staff[number % len(staff)].number]

    def _waits(self, content: Content) -> bool:
        """Whether the item waits for review. Three recent items of the writer's unit wait for its reviewer, so that the
        reviewer's list is not empty.
        """
        recent = sorted(
            (c for c in self._of("kyodo") if c.data["type"] == "lesson" and c.data["audience"] == "prefecture"),
            key=lambda c: c.on,
            reverse=True,
        )
        return content.key in {c.key for c in recent[:3]}

    def _of(self, unit: str) -> list[Content]:
        if not hasattr(self, "_all"):
            self._all = [
                c
                for c in build_content("small", self.world.today, [])
                if c.unit == unit and not c.key.startswith("full")
            ]
            linked = {c.data.get("supersedes") for c in self._all}
            self._all = [c for c in self._all if c.key not in linked and "supersedes" not in c.data]
        return self._all

    def _set_dates(self, item: Item, on: date) -> None:
        """Sets the dates as if the item had been published a few days after it happened."""
        day = min(on + timedelta(days=1 + item.pk % 6), self.world.today)
        at = _noon(day) + timedelta(minutes=item.pk % 240)
        at = min(at, clock.now() - timedelta(minutes=5))
        Item.objects.filter(pk=item.pk).update(
            first_published_at=at, last_published_at=at, latest_revision_created_at=at, registered_on=day
        )
        item.revisions.update(created_at=at)
        item.refresh_from_db()  # Without this, a later save would set the dates to the time of loading.

    def _lesson(self, content: Content) -> Lesson:
        d = content.data
        names = (
            "observation",
            "context",
            "discussion",
            "conclusion",
            "recommendation",
            "citizen_effect",
            "early_warning",
            "applies_when",
            "not_applicable",
        )
        lesson = Lesson(
            kind=d["kind"], maturity=d["maturity"], causes=d.get("causes", []), priority=d.get("priority", "")
        )
        for name in names:
            setattr(lesson, name, d.get(name, "").strip())
        if older := self.items.get(d.get("supersedes", "")):
            lesson.supersedes = older
        return lesson

    def _source(self, lesson: Lesson, source: dict[str, str]) -> None:
        origin = self.items.get(source.get("item", ""))
        if isinstance(origin, Retrospective):
            answer = next((a for a in origin.answers.all() if a.section_key == source["section"]), None)
            LessonSource.objects.create(lesson=lesson, retrospective=origin, answer_uid=answer.uid if answer else None)
        else:
            LessonSource.objects.create(lesson=lesson, external=source.get("external") or "日々の仕事での気づき")

    def _retrospective(self, content: Content) -> Retrospective:
        d = content.data
        chosen = get_format(d["format"])
        assert chosen is not None, d["format"]
        item = Retrospective(
            format=d["format"],
            prompts=chosen.prompts(),
            subject=d["subject"],
            participants_n=d["participants"],
            outcome=d.get("outcome", ""),
            held_on=content.on,
            period_to=content.on,
            period_from=content.on,
            blameless_ok=True,
            facts=_facts(d.get("facts", {}), content.on),
            looks_back_on=self.items.get(d.get("challenge", "")),
        )
        item.answers.set(
            Answer(
                section_key=a["section"], text=a["text"].strip(), uid=uid("answer", content.key, str(n)), sort_order=n
            )
            for n, a in enumerate(d["answers"])
        )
        item.set_next_actions(
            NextAction(what=a["what"], due_on=content.on + timedelta(days=a.get("due_in_days", 30)), sort_order=n)
            for n, a in enumerate(d.get("next_actions", []))
        )
        return item

    def _challenge(self, content: Content) -> Challenge:
        d = content.data
        head = Post.objects.filter(unit=self.units[content.unit], is_head=True).first()
        names = ("hypothesis", "precedent_gap", "citizen_effect", "smallest_trial", "success_measure", "stop_rule")
        ended = d["state"] == "closed"
        return Challenge(
            **{name: d[name].strip() for name in names},
            premortem=d["premortem"],
            budget_yen=d.get("budget_yen"),
            sponsor_post=head,
            stage=d["state"],
            outcome=d.get("outcome", "") if ended else "",
            ended_on=content.on + timedelta(days=1) if ended else None,
        )

    def _article(self, content: Content) -> Article:
        return Article(body=[block for block in map(self._block, content.data["blocks"]) if block])

    def _block(self, block: dict[str, Any]) -> tuple[str, Any] | None:
        kind = block["type"]
        if kind == "image":
            image = self.images.get(block["image"])
            caption = block.get("caption", "")
            return ("image", {"image": image, "alt": caption or "説明の絵", "caption": caption}) if image else None
        if kind == "table":
            lines = [" | ".join(row) for row in [block["header"], *block["rows"]]]
            return "table", {"caption": block.get("caption") or "表", "text": "\n".join(lines)}
        if kind == "callout":
            return "callout", {"title": block.get("title") or "ポイント", "text": block["text"].strip()}
        return kind, block["text"].strip()

    def _react(self, item: Item) -> None:
        """Creates 「役に立った」 from colleagues: many for every fifth item, and few for the other items."""
        if item.state != State.PUBLISHED or item.audience == "self":
            return
        count = (item.pk * 7919) % 23 if item.pk % 5 == 0 else item.pk % 4
        staff = self.world.staff
        people = {self.people[staff[(item.pk * 31 + n * 17) % len(staff)].number].pk for n in range(count)}
        Reaction.objects.bulk_create(Reaction(item_id=item.pk, person_id=pk) for pk in people)

    def _record(self, item: Retrospective, author: Person, d: dict[str, Any], on: date) -> None:
        code = f"K{uuid.uuid5(uid('course'), d['course']).int % 9000 + 1000}"
        course, _ = TrainingCourse.objects.get_or_create(title=d["course"], defaults={"code": code, "hours": 6})
        TrainingRecord.objects.create(
            person=author,
            course=course,
            organiser="人事研修課",
            starts_on=on,
            ends_on=on,
            hours=6,
            status="completed",
            report=item,
        )

    def resolve_links(self) -> None:
        """Replaces [[key:…]] with permalinks. This must run at the end, because all ids are known only when all items
        are stored.
        """
        for item in self.items.values():
            if _rewrite(item, self.items):
                item.save(clean=False)
                revision = item.latest_revision
                if revision is not None:
                    revision.content = item.serializable_data()
                    revision.save()


def _rewrite(item: Item, items: dict[str, Item]) -> bool:
    """Replaces [[key:x]] with [[<public id>]] in every text of `item`. Returns whether anything was replaced."""
    changed = False

    def fix(text: str) -> str:
        nonlocal changed
        for key, other in items.items():
            link = f"[[key:{key}]]"
            if link in text:
                text, changed = text.replace(link, f"[[{other.public_id}]]"), True
        return text

    if isinstance(item, Article):
        for block in item.body:
            if isinstance(block.value, str) and "[[key:" in block.value:
                block.value = fix(block.value)
    for name in item.MARKDOWN_FIELDS:
        if "[[key:" in getattr(item, name):
            setattr(item, name, fix(getattr(item, name)))
    if isinstance(item, Retrospective):
        for answer in item.answers.all():
            if "[[key:" in answer.text:
                answer.text, answer.html = fix(answer.text), ""
        for row in item.addenda.all():
            if "[[key:" in row.text:
                Addendum.objects.filter(pk=row.pk).delete()
                Addendum.objects.create(retrospective=item, text=fix(row.text), written_at=row.written_at)
    if "[[key:" in item.summary:
        item.summary = fix(item.summary)
    return changed


def _facts(facts: dict[str, Any], on: date) -> dict[str, Any]:
    """Returns the facts with local times in place of minutes. Minute 0 means 9:10 of that day."""
    start = datetime.combine(on, time(9, 10))

    def moment(minutes: int) -> str:
        return (start + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")

    timed = dict(facts)
    for name in ("started_at", "detected_at", "resolved_at"):
        if name in timed:
            timed[name] = moment(timed[name])
    if rows := timed.get("timeline"):
        timed["timeline"] = [{**row, "at": moment(row["at"])} for row in rows]
    return timed


def _noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12, 0)))
