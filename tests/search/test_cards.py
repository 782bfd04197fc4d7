"""The second gate: a source returns cards only of what the reader may open, for every reader and every audience."""

import pytest
from django.contrib.auth.models import AnonymousUser

from kb.models import Item, Reference, ReferenceSource
from learning.models import LearningPath, TrainingCourse
from organization.audience import Audience
from search.access import authorise
from search.registry import sources
from tests.factories.kb import lesson, publish
from tests.factories.learning import make_course, make_path
from tests.factories.organization import make_department, make_municipal_staff, make_municipality, make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    """A lesson, a path and a reference of each audience; two that nobody may find; and a course."""
    department = make_department("bu", name="危機管理部")
    unit = make_unit("bosai", name="防災課", parent=department)
    author = make_staff(unit, title="課長", head=True)
    elsewhere = ReferenceSource.objects.create(name="koho", label="信山県広報")
    for audience in Audience.values:
        wide = {"audience": audience, "confidentiality": "1" if audience == "public" else "2"}
        publish(lesson(title=f"教訓 {audience}", **wide), author)
        make_path(author, title=f"道すじ {audience}", **wide)
        row = {"audience": audience, "owner_unit": unit, "external_id": audience, "title": f"事例 {audience}"}
        Reference(source=elsewhere, **row).save()
    Item.objects.filter(title="教訓 public").update(state="withdrawn")
    Reference.objects.filter(title="事例 public").update(withdrawn=True)
    make_course()
    return {
        "author": author.user,
        "a colleague": make_staff(unit).user,
        "the department": make_staff(make_unit("shobo", name="消防課", parent=department)).user,
        "another office": make_staff(make_unit("zaisei", name="財政課")).user,
        "a town": make_municipal_staff(make_municipality(name="星守市")).user,
        "a stranger": AnonymousUser(),
    }


@pytest.mark.parametrize("name", ["item", "reference", "path", "course"])
def test_cards_are_only_of_what_the_reader_may_open(name, shelf):
    source = sources()[name]
    every = list(source.model.objects.values_list("pk", flat=True))
    opened = {name: source.visible_to(user, every) for name, user in shelf.items()}
    assert {name: set(source.cards(user, every)) for name, user in shelf.items()} == opened
    # The readers must see different rows; otherwise a source without a policy would pass.
    assert opened["a stranger"] < opened["author"]


def test_every_source_is_tested():
    assert set(sources()) == {"item", "reference", "path", "course"}


def test_authorise_keeps_only_what_the_reader_may_open(shelf):
    keys = [f"item:{pk}" for pk in Item.objects.exclude(pk__in=LearningPath.objects.all()).values_list("pk", flat=True)]
    keys += [f"path:{pk}" for pk in LearningPath.objects.values_list("pk", flat=True)]
    keys += [f"course:{pk}" for pk in TrainingCourse.objects.values_list("pk", flat=True)]
    shown = [allowed.card.title for allowed in authorise(shelf["another office"], keys)]
    assert sorted(shown) == sorted(
        [
            "教訓 prefecture",
            "教訓 municipal",
            "道すじ prefecture",
            "道すじ municipal",
            "道すじ public",
            TrainingCourse.objects.get().title,
        ]
    )
