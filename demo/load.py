"""Stores the demo's people, units and items in the database. Uses the same functions as the product itself.

If the demo's people already exist, it does nothing, so that edits are kept.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.images import ImageFile
from django.db import transaction
from wagtail.images import get_image_model

from demo import vocabulary
from demo.assignments import load_assignments
from demo.content import build_content
from demo.items import ItemLoader
from demo.learning import PathLoader, People, load_courses, load_records, path_tables
from demo.people import MAIL_DOMAIN, PASSWORD
from demo.world import DATA, Staff, World, build_world, uid
from kb.items.page_tree import ensure_tree
from kb.models import Lesson, Retrospective
from kb.writing import drafts
from learning.models import TrainingCourse, TrainingRecord
from organization import clock
from organization.models import (
    Appointment,
    Duty,
    OrgEvent,
    OrgUnit,
    OrgUnitVersion,
    Person,
    Post,
    User,
)

#: Called with the kind of row that is being loaded, the number of loaded rows, and the total.
Progress = Callable[[str, int, int], None]


def is_loaded() -> bool:
    return User.objects.filter(login="shippitsu").exists()


@transaction.atomic
def load(size: str, progress: Progress) -> None:
    """Loads the demo of `size` ("small" or "full") in one transaction. Does nothing if the demo is already loaded."""
    if is_loaded():
        return
    today = clock.today()
    world = build_world(size, today)
    ensure_tree()
    vocabulary.load()
    units = load_units(world)
    people = load_people(world, units, progress)
    load_courses()
    content = build_content(size, today, [u for u in units if u in world.by_unit and units[u].kind != "municipality"])
    loader = ItemLoader(world=world, units=units, people=people, images=load_images())
    for n, item_content in enumerate(content):
        loader.load(item_content)
        progress("教訓とふりかえり", n + 1, len(content))
    loader.resolve_links()
    load_unfinished(people)
    load_learning(People(world, people), units, loader, progress)


def load_learning(people: People, units: dict[str, OrgUnit], items: ItemLoader, progress: Progress) -> None:
    """Loads training records, paths and assignments. This must run after the items are loaded, because steps of paths
    name items.
    """
    load_records(people)
    paths, tables = PathLoader(people=people, units=units, items=items.items), path_tables()
    for n, table in enumerate(tables):
        paths.load(table)
        progress("学習パス", n + 1, len(tables) + 1)
    paths.begin_next_version("data", "自分の担当の数字を一つ選び、使う場面まで言葉で言える。")
    load_assignments(people=people, paths=paths)
    progress("学習パス", len(tables) + 1, len(tables) + 1)


def load_units(world: World) -> dict[str, OrgUnit]:
    units = {u.code: OrgUnit.objects.create(uid=uid("unit", u.code), code=u.code, kind=u.kind) for u in world.units}
    OrgUnitVersion.objects.bulk_create(
        OrgUnitVersion(
            unit=units[u.code],
            name=v.name,
            short=v.short,
            kana=v.kana,
            parent=units.get(v.parent),
            valid_from=v.valid_from,
            valid_to=v.valid_to,
        )
        for u in world.units
        for v in u.versions
    )
    for e in world.events:
        event = OrgEvent.objects.create(kind=e.kind, effective_on=e.on, main_successor=units[e.main])
        event.from_units.set(units[code] for code in e.sources)
        event.to_units.set(units[code] for code in e.targets)
    # The search index learns of a version only by the post_save signal, and bulk_create does not send this signal. So
    # one version is saved again here.
    newest = OrgUnitVersion.objects.order_by("-pk").first()
    if newest is not None:
        newest.save()
    return units


def load_people(world: World, units: dict[str, OrgUnit], progress: Progress) -> dict[str, Person]:
    """Creates the people and returns them by staff number. The seven personas are also returned by login.

    Only these seven get a password, because hashing one password takes 0.23 s.
    """
    people: dict[str, Person] = {}
    posts: list[Post] = []
    for n, s in enumerate(world.staff):
        user = None
        if s.login:
            create_user = User.objects.create_superuser if s.login == "kanri" else User.objects.create_user
            email = f"{s.login}@{MAIL_DOMAIN}"
            user = create_user(
                s.login, email=email, password=PASSWORD, last_name=s.name.split()[0], first_name=s.name.split()[1]
            )
        person = Person.objects.create(
            uid=uid("person", s.number),
            user=user,
            staff_no=s.number,
            name=s.name,
            kana=s.kana,
            employment=s.employment,
            joined_on=s.joined,
            findable=n % 2 == 0,  # Half of the people agreed to be found by name.
        )
        post = Post.objects.create(
            uid=uid("post", s.unit, s.rank, str(s.seat), s.number), unit=units[s.unit], title=s.rank, is_head=s.is_head
        )
        posts.append(post)
        _appoint(s, person, post, units)
        people[s.number] = person
        if s.login:
            people[s.login] = person
        progress("人と組織", n + 1, len(world.staff))
    for s, post in zip(world.staff, posts, strict=True):
        if s.is_reviewer:
            Duty.objects.create(post=post, role="reviewer", scope=units[s.unit], starts_on=s.since)
        if s.login == "km":
            Duty.objects.create(post=post, role="km", starts_on=s.since)
        if s.unit == "jinji" and s.rank == "係長" and s.seat == 1:
            Duty.objects.create(post=post, role="training", starts_on=s.since)
    return people


def _appoint(s: Staff, person: Person, post: Post, units: dict[str, OrgUnit]) -> None:
    Appointment.objects.create(
        person=person, post=post, kind="main", starts_on=s.since, announced_on=s.since - timedelta(days=10)
    )
    if s.former_unit and s.joined < s.since:
        old = Post.objects.create(uid=uid("former", s.number), unit=units[s.former_unit], title="主事", is_head=False)
        Appointment.objects.create(
            person=person,
            post=old,
            kind="main",
            starts_on=s.joined,
            ends_on=s.since - timedelta(days=1),
            announced_on=s.joined,
        )


def load_images() -> dict[str, Any]:
    image_model = get_image_model()
    titles = tomllib.loads((DATA / "images" / "titles.toml").read_text(encoding="utf-8"))
    images = {}
    for path in sorted((DATA / "images").glob("*.png")):
        with path.open("rb") as file:
            images[path.stem] = image_model.objects.create(
                title=titles[path.stem], file=ImageFile(file, name=path.name), width=1200, height=675
            )
    return images


def load_unfinished(people: dict[str, Person]) -> None:
    """Loads the unfinished work of the personas: drafts to continue, and courses that still need a report."""
    writer, newcomer = people["shippitsu"], people["shinjin"]
    drafts.start(
        author=writer,
        kind=Retrospective.type_code(),
        format="kpt",
        data={
            "subject": "協働推進会議の運営",
            "audience": "unit",
            "themes": ["kyodo"],
            "answer-keep": "会議の前日に、資料の要点を一枚にして送った。発言が最初の10分から出た。",
            "answer-problem": "オンラインの参加者が、会場の小さな声を聞き取れなかった。",
        },
    )
    drafts.start(
        author=writer,
        kind=Lesson.type_code(),
        data={"title": "意見募集の締切は、月曜の朝にする", "audience": "unit", "kind": "improve", "themes": ["kyodo"]},
    )
    today = clock.today()
    for person, code, title, days in (
        (newcomer, "S101", "新規採用職員研修（後期）", 6),
        (writer, "S220", "対話の場づくり実践研修", 9),
    ):
        course, _ = TrainingCourse.objects.get_or_create(
            code=code, defaults={"title": title, "hours": 12, "obligation": "named"}
        )
        day = today - timedelta(days=days)
        TrainingRecord.objects.create(
            person=person,
            course=course,
            organiser="人事研修課",
            starts_on=day,
            ends_on=day,
            hours=12,
            obligation="named",
            status="completed",
        )
