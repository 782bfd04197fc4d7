"""Every surface of learning, opened by a member and an outsider (I16).

The member finds the restricted path. The outsider finds a public path, and nothing of the restricted one in status, body
or headers.
"""

import io
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.urls import URLPattern, reverse
from openpyxl import load_workbook

from kb.models import Item
from learning.learner import calendar_feed
from learning.models import Assignment, AssignmentState
from learning.urls import urlpatterns
from organization import clock
from tests.bodies import alike
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.learning import give, make_course, make_path, read, take
from tests.factories.organization import make_staff, make_unit
from tests.search.conftest import index, refresh  # noqa: F401 -- fixtures

pytestmark = pytest.mark.django_db

#: Words that occur nowhere else.
RESTRICTED, CLOSED, CONTROL = "ひみつの避難所運営", "ひみつの題の教訓", "だれでも読める引継ぎ"
MISSING = "LP-R01-99999"


@dataclass(frozen=True)
class Surface:
    """An address for the member and one for the outsider; `{…}` are names of the world below."""

    member: str
    outsider: str = ""
    by: tuple[str, str] = ("learner", "other")
    #: What the outsider gets there instead.
    control: str = CONTROL


SURFACES = {
    "paths": Surface("/paths/"),
    "search": Surface(f"/search/?q={quote('ひみつ 避難所')}", f"/search/?q={quote('引継ぎ')}"),
    "search for the restricted": Surface(
        f"/search/?q={quote('ひみつ')}", f"/search/?q={quote('ひみつ')}", control="ひみつ"
    ),
    "suggestions": Surface(f"/search/suggest/?q={quote('ひみつ')}", f"/search/suggest/?q={quote('引継ぎ')}"),
    "permalink": Surface("/k/{restricted}/", "/k/{control}/"),
    "item page": Surface("/k/{shared}/"),
    "my page": Surface("/my/"),
    "my assignment": Surface("/my/learning/{learning}/", "/my/learning/{others_learning}/"),
    "transcript": Surface("/my/transcript/"),
    "transcript as a file": Surface("/my/transcript.xlsx"),
    "calendar": Surface("/calendar/{key}.ics", "/calendar/{others_key}.ics"),
    "course": Surface("/courses/{course}/"),
    "courses": Surface("/courses/?q=kouza", "/courses/", control="訓練の進め方"),
    "assign": Surface("/assign/", by=("head", "stranger")),
    "assign with a path": Surface("/assign/?path={restricted}", by=("head", "stranger")),
    "team": Surface("/team/", by=("head", "stranger")),
    "team of a path": Surface("/team/?path={restricted}", "/team/", by=("head", "stranger")),
    "team rows": Surface("/team/rows/", by=("head", "stranger")),
    "team rows of the other unit": Surface("/team/rows/", "/team/rows/?unit={unit}", ("head", "stranger"), "割当"),
    "team as a file": Surface("/team/export/", by=("head", "stranger")),
    "team as a book": Surface("/team/export/?format=xlsx", by=("head", "stranger")),
    "person": Surface("/team/people/{learner}/", "/team/people/{other}/", by=("head", "stranger")),
    "rule": Surface("/training/rules/new/", by=("head", "stranger")),
    "building": Surface("/paths/{restricted}/build/", "/paths/{plain}/build/", by=("head", "stranger")),
}
#: Pages without any data about the restricted path.
NAMES_NOTHING = ("courses",)
#: A forbidden address and a missing one of the same kind: both responses are equal.
FORBIDDEN = {
    "permalink": ("other", "/k/{restricted}/", "/k/{missing}/"),
    "history": ("other", "/k/{restricted}/history/", "/k/{missing}/history/"),
    "my assignment": ("other", "/my/learning/{learning}/", "/my/learning/{nobody}/"),
    "person": ("stranger", "/team/people/{learner}/", "/team/people/{nobody}/"),
    "reminding": ("stranger", "/assignments/{learning}/remind/", "/assignments/{nobody}/remind/"),
    "extending": ("stranger", "/assignments/{learning}/extend/", "/assignments/{nobody}/extend/"),
    "waiving": ("stranger", "/assignments/{learning}/waive/", "/assignments/{nobody}/waive/"),
    "cancelling": ("stranger", "/assignments/{learning}/cancel/", "/assignments/{nobody}/cancel/"),
    "building": ("stranger", "/paths/{restricted}/build/", "/paths/{missing}/build/"),
    "preview": ("stranger", "/paths/{restricted}/preview/", "/paths/{missing}/preview/"),
    "versions": ("stranger", "/paths/{restricted}/versions/", "/paths/{missing}/versions/"),
    "copying": ("stranger", "/paths/{restricted}/copy/", "/paths/{missing}/copy/"),
    "calendar": ("stranger", "/calendar/x{key}.ics", "/calendar/nothing.ics"),
    "training": ("head", "/training/", "/nowhere/"),
    "training rows": ("head", "/training/rows/?measure=open&format=csv", "/nowhere/"),
    "outbox": ("head", "/training/outbox/", "/nowhere/"),
    "export": ("head", "/training/export/completions.csv", "/nowhere/"),
    "team": ("learner", "/team/", "/nowhere/"),
    "assign": ("learner", "/assign/", "/nowhere/"),
}


@pytest.fixture
def world():
    """A unit with its own path and article, another unit, and a path and an article that both may read."""
    unit, elsewhere = make_unit("bosai", name="防災課"), make_unit("zaisei", name="財政課")
    head, stranger = (make_staff(unit_row, title="課長", head=True) for unit_row in (unit, elsewhere))
    learner, other = make_staff(unit, name="学 太郎"), make_staff(elsewhere, name="別 次郎")
    closed = make_lesson(head, title=CLOSED, audience="unit")
    shared = make_retrospective(head, title="みんなのふりかえり", audience="prefecture")
    course = make_course("kouza", title="訓練の進め方")
    steps = [read(shared), take(course), read(closed, title=f"{CLOSED}を読む", why=f"{CLOSED}を知る")]
    restricted = make_path(head, title=RESTRICTED, audience="unit", steps=steps)
    control = make_path(stranger, title=CONTROL, steps=steps)
    plain = make_path(stranger, title=f"{CONTROL}（別）")
    given = give(restricted, learner)
    others = give(control, other)
    for person, path in ((learner, restricted), (other, control)):
        again = make_path(head if person is learner else stranger, title=f"{path.title}（前）", audience=path.audience)
        give(again, person, state=AssignmentState.COMPLETED)
    return SimpleNamespace(
        people={"head": head, "stranger": stranger, "learner": learner, "other": other},
        names={
            "restricted": restricted.public_id,
            "control": control.public_id,
            "plain": plain.public_id,
            "missing": MISSING,
            "unit": unit.uid,
            "shared": shared.public_id,
            "course": course.code,
            "learning": given.uid,
            "others_learning": others.uid,
            "learner": learner.uid,
            "other": other.uid,
            "nobody": "00000000-0000-4000-8000-000000000000",
            "key": calendar_feed.make_key(person=learner).key,
            "others_key": calendar_feed.make_key(person=other).key,
        },
    )


def get(client: Any, world: Any, by: str, address: str) -> Any:
    client.force_login(world.people[by].user)
    return client.get(address.format(**world.names))


def said(answer: Any) -> str:
    """The whole response as text: status, headers, body; workbooks as cells, calendars unfolded."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    kind = answer.headers.get("Content-Type", "")
    if "spreadsheetml" in kind:
        rows = load_workbook(io.BytesIO(body)).active.iter_rows(values_only=True)
        text = "\n".join(str(cell) for row in rows for cell in row)
    elif "json" in kind:
        text = json.dumps(json.loads(body), ensure_ascii=False)
    else:
        text = re.sub("</?mark[^>]*>", "", body.decode().replace("\r\n ", ""))
    return f"{answer.status_code}\n{unquote(str(dict(answer.headers)))}\n{text}"


@pytest.mark.parametrize("name", SURFACES)
def test_the_member_finds_what_the_outsider_does_not(client, world, refresh, name):  # noqa: F811
    refresh()
    surface = SURFACES[name]
    mine = get(client, world, surface.by[0], surface.member)
    assert mine.status_code == 200
    assert name in NAMES_NOTHING or RESTRICTED in said(mine)
    theirs = get(client, world, surface.by[1], surface.outsider or surface.member)
    assert theirs.status_code == 200
    text = said(theirs)
    assert surface.control in text
    data = {world.names["restricted"]} if "{restricted}" in (surface.outsider or surface.member) else set()
    for hidden in {RESTRICTED, CLOSED, world.names["restricted"], world.people["learner"].name} - data:
        assert hidden not in text


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_is_forbidden_answers_like_what_is_not_there(client, world, name):
    by, forbidden, missing = FORBIDDEN[name]
    answers = [get(client, world, by, address) for address in (forbidden, missing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert RESTRICTED not in said(answers[0])
    assert same(answers[0]) == same(answers[1])


def same(answer) -> str:
    """The body without the parts that differ between responses, and without the requested address."""
    return "".join(line for line in alike(answer).splitlines() if "kb-print-head__link" not in line)


@pytest.mark.parametrize("name", [name for name, row in FORBIDDEN.items() if row[0] == "stranger"])
def test_what_is_forbidden_is_not_written_either(client, world, name):
    by, forbidden, _ = FORBIDDEN[name]
    before = list(Assignment.objects.order_by("pk").values())
    client.force_login(world.people[by].user)
    sent = {
        "reason": "わけ",
        "evidence": "根拠",
        "text": "文",
        "due_on": "2099-01-01",
        "people": world.names["learning"],
    }
    answer = client.post(forbidden.format(**world.names), sent)
    assert answer.status_code in (404, 405)
    assert list(Assignment.objects.order_by("pk").values()) == before


def test_one_of_anothers_staff_among_ones_own_refuses_the_whole_list(client, world):
    before = Assignment.objects.count()
    client.force_login(world.people["stranger"].user)
    data = {"path": world.names["control"], "reason": "わけ", "bound": "person", "save": "1"}
    people = [world.names["other"], world.names["learner"]]
    answers = [client.post("/assign/", {**data, field: people}) for field in ("people", "listed", "leave")]
    unknown = client.post("/assign/", {**data, "people": [world.names["nobody"]]})
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert {same(answer) for answer in answers} == {same(unknown)}
    assert Assignment.objects.count() == before


#: Addresses that only change data: a link, a mail preview or a crawler (GET) must do nothing there.
PRESSED = (
    "path_enrol",
    "path_act",
    "group_act",
    "step_act",
    "my_findable",
    "my_notices",
    "record_report",
    "my_learning_share",
    "my_learning_cancel",
    "my_learning_again",
    "my_learning_write",
    "record_plan",
    "record_used",
    "record_share",
    "my_calendar_key",
    "team_decide",
    "team_proposal",
    "training_rule_delete",
)
ARGS: dict[str, Any] = {
    "public_id": MISSING,
    "uid": "00000000-0000-4000-8000-000000000000",
    "step_uid": "00000000-0000-4000-8000-000000000000",
    "pk": 1,
    "act": "send",
}


@pytest.mark.parametrize("name", PRESSED)
def test_what_changes_something_is_pressed_not_followed(client, world, name):
    pattern = next(
        url_pattern for url_pattern in urlpatterns if isinstance(url_pattern, URLPattern) and url_pattern.name == name
    )
    args = {key: ARGS[key] for key in pattern.pattern.converters}
    client.force_login(world.people["head"].user)
    assert client.get(reverse(name, kwargs=args)).status_code == 405


def test_a_path_that_was_closed_leaves_the_feed_of_who_learns_it(client, world):
    """The calendar leaves the site, so it does not name an own path that the person may no longer open."""
    Item.objects.filter(public_id=world.names["restricted"]).update(
        owner_unit=world.people["other"].appointments.get().post.unit
    )
    text = said(client.get("/calendar/{key}.ics".format(**world.names)))
    assert RESTRICTED not in text and "学習パス" in text


def test_the_key_of_who_has_left_opens_nothing(client, world):
    learner = world.people["learner"]
    learner.left_on = clock.today() - timedelta(days=1)
    learner.save()
    gone = client.get("/calendar/{key}.ics".format(**world.names))
    assert (gone.status_code, same(gone)) == (404, same(client.get("/calendar/nothing.ics")))


def test_the_session_of_who_has_left_is_over(client, world):
    learner = world.people["learner"]
    client.force_login(learner.user)
    learner.left_on = clock.today() - timedelta(days=1)
    learner.save()
    assert client.get("/my/").status_code == 302
