"""No surface of learning discloses what its reader may not open; each is tested with a member and an outsider.

Three assertions for each surface: the member finds the restricted path, the outsider finds a public path on the same
page, and the response to the outsider contains nothing of the restricted path. A new surface is one line in SURFACES.
"""

import json
import re
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from kb.lifecycle import publication
from kb.models import Item
from learning.learner import calendar_feed
from learning.models import Assignment, AssignmentState, Completion, SuccessorProposal
from learning.notifications import nudges
from learning.progress import recording
from learning.team import member_page
from learning.urls import urlpatterns
from organization import clock
from organization.access_policy import readers_of
from organization.models import Notice
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.learning import give, make_course, make_path, make_record, read, step, take
from tests.factories.organization import appoint, make_post, make_staff, make_unit
from tests.search.conftest import index, refresh  # noqa: F401 -- fixtures

pytestmark = pytest.mark.django_db

#: The word that finds both paths, and a word that only one of them contains.
WORD, SECRET, CONTROL = "沈砂池", "秘密の沈砂池", "だれでもの沈砂池"

#: Name → address for a reader; `own` has the rows of this reader.
SURFACES = {
    "paths": lambda w, own: reverse("paths"),
    "path page": lambda w, own: reverse("item", args=[w.open_path.public_id]),
    "item page": lambda w, own: reverse("item", args=[w.open_lesson.public_id]),
    "search": lambda w, own: f"/search/?q={WORD}",
    "suggestions": lambda w, own: f"/search/suggest/?q={WORD}",
    "my": lambda w, own: reverse("my"),
    "my learning": lambda w, own: reverse("my_learning", args=[own.given.uid]),
    "transcript": lambda w, own: reverse("my_transcript"),
    "transcript xlsx": lambda w, own: reverse("my_transcript_xlsx"),
    "calendar": lambda w, own: reverse("calendar_feed", args=[own.key]),
    "assign": lambda w, own: reverse("assign"),
    "team": lambda w, own: reverse("team"),
    "team rows": lambda w, own: reverse("team_rows"),
    "team csv": lambda w, own: f"{reverse('team_export')}?format=csv",
    "team xlsx": lambda w, own: f"{reverse('team_export')}?format=xlsx",
    "team person": lambda w, own: reverse("team_person", args=[own.staff.uid]),
    "waiting": lambda w, own: reverse("team_waiting"),
    "course": lambda w, own: reverse("course", args=["S001"]),
    "rule": lambda w, own: reverse("training_rule_new"),
}
#: Pages for the training office only; everybody else gets 404.
OFFICE = ("training", "training_rows", "training_outbox", "training_imports", "training_unmatched")


@pytest.fixture
def world(index):  # noqa: F811
    here, there = make_unit("bosai", name="防災課"), make_unit("zaisei", name="財政課")
    member, outsider = make_staff(here, title="課長", head=True), make_staff(there, title="課長", head=True)
    course = make_course()
    secret_lesson = make_lesson(member, title=f"{SECRET}の教訓", audience="unit")
    open_lesson = make_lesson(member, title=f"{CONTROL}の教訓", audience="unit")
    open_lesson = publication.publish(item=_widened(open_lesson))
    secret_path = make_path(
        member, title=f"{SECRET}を学ぶ", audience="unit", steps=[read(open_lesson), take(course, title="受ける")]
    )
    steps = [
        read(secret_lesson, title=f"{SECRET}を読む", why=f"{SECRET}だから。", completion=Completion.CONFIRM),
        read(open_lesson, title=f"{CONTROL}を読む"),
        take(course, title="受ける"),
    ]
    open_path = make_path(member, title=f"{CONTROL}を学ぶ", steps=steps)
    w = SimpleNamespace(
        open_path=open_path, secret_path=secret_path, secret_lesson=secret_lesson, open_lesson=open_lesson
    )
    w.member, w.outsider = _own(w, member, here, [open_path, secret_path]), _own(w, outsider, there, [open_path])
    return w


def _widened(lesson):
    Item.objects.filter(pk=lesson.pk).update(audience="prefecture")
    return type(lesson).objects.get(pk=lesson.pk)


def _own(w, person, unit, paths):
    """The rows of the reader: assignments, a completion, a calendar key, and a staff member who submitted steps of both paths."""
    today = clock.today()
    for path in paths:
        give(path, person, state=AssignmentState.COMPLETED, completed_on=today)
        give(path, person, state=AssignmentState.IN_PROGRESS)
    staff = make_staff(unit)
    waits = give(w.open_path, staff)
    give(w.secret_path, staff)
    for step_row in waits.version.steps.filter(item__isnull=False):
        waits.progress.create(step_uid=step_row.uid, state="submitted", changed_at=clock.now(), by=staff)
    given = Assignment.objects.open().get(person=person, path=w.open_path)
    return SimpleNamespace(person=person, staff=staff, given=given, key=calendar_feed.make_key(person=person).key)


def got(client, person, url):
    """The whole response as text: status, headers, body; for a workbook, its cells."""
    client.force_login(person.user)
    answer = client.get(url)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if body.startswith(b"PK"):
        book = load_workbook(BytesIO(body))
        text = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    elif "json" in answer["Content-Type"]:
        text = json.dumps(json.loads(body), ensure_ascii=False)
    else:
        # A calendar folds its lines, and search marks its matches.
        text = re.sub(r"</?mark[^>]*>", "", re.sub(rb"\r\n ", b"", body).decode())
    return answer.status_code, f"{answer.headers}\n{text}"


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_names_the_restricted_one_to_its_members_alone(world, refresh, client, name):  # noqa: F811
    refresh()
    status, text = got(client, world.member.person, SURFACES[name](world, world.member))
    assert (status, SECRET in text) == (200, True)
    status, text = got(client, world.outsider.person, SURFACES[name](world, world.outsider))
    assert (status, CONTROL in text) == (200, True)
    text = text.replace(f"q={WORD}", "")
    assert SECRET not in text
    assert world.secret_path.public_id not in text
    assert world.secret_lesson.public_id not in text


@pytest.mark.parametrize("name", OFFICE)
def test_what_is_the_offices_is_not_there_for_a_head(world, client, name):
    client.force_login(make_staff(make_unit("jinji", name="人事課"), duties=("training",)).user)
    query = {"measure": "reflection"} if name == "training_rows" else {}  # hidden for few people in no world
    assert client.get(reverse(name), query).status_code == 200
    client.force_login(world.outsider.person.user)
    hidden, unknown = client.get(reverse(name), query), client.get("/training/none/")
    assert (hidden.status_code, SECRET in hidden.content.decode()) == (404, False)
    assert unknown.status_code == 404


@pytest.mark.parametrize("name", ["item", "item_history", "path_build", "path_enrol"])
def test_a_restricted_path_is_answered_like_one_that_is_not_there(world, client, name):
    client.force_login(world.outsider.person.user)
    ask = client.post if name == "path_enrol" else client.get
    hidden, unknown = ask(reverse(name, args=[world.secret_path.public_id])), ask(reverse(name, args=["LP-R07-99999"]))
    assert hidden.status_code == unknown.status_code == 404
    assert SECRET not in hidden.content.decode()


def test_anothers_learning_is_nobodys(world, client):
    client.force_login(world.outsider.person.user)
    uid = world.member.given.uid
    names = ["my_learning", "assignment_remind", "assignment_extend", "assignment_waive", "assignment_cancel"]
    assert {client.get(reverse(name, args=[uid])).status_code for name in names} == {404}
    assert client.get(reverse("team_person", args=[world.member.staff.uid])).status_code == 404


def test_the_text_of_a_path_leaves_out_what_it_asks_to_read(world):
    assert SECRET not in "\n".join(world.open_path.body_texts())


def test_a_notice_to_confirm_does_not_name_a_closed_reading(world):
    closed = make_lesson(world.member.person, title=f"{SECRET}の別の教訓", audience="unit")
    path = make_path(world.member.person, steps=[read(closed, title=f"{SECRET}を読む", completion=Completion.CONFIRM)])
    learner = world.outsider.staff
    # They may open it through a second post; their head may not.
    appoint(learner, make_post(world.member.person.appointments.get().post.unit), kind="concurrent")
    given = give(path, learner)
    recording.complete_step(assignment=given, step_uid=path.current_version().steps.get().uid, by=learner)
    notices = [row.text for row in Notice.objects.filter(person=world.outsider.person)]
    assert any("確認をお願いします" in text for text in notices)
    assert SECRET not in "".join(notices)


def test_the_draft_of_a_reminder_does_not_name_a_closed_path(world):
    given = Assignment.objects.get(person=world.outsider.staff, path=world.secret_path)
    assert SECRET not in nudges.draft(assignment=given, by=world.outsider.person)


def test_a_proposal_does_not_name_a_closed_path(world, client):
    post = world.outsider.staff.appointments.get().post
    ended = Assignment.objects.get(person=world.outsider.staff, path=world.secret_path)
    SuccessorProposal.objects.create(post=post, path=world.secret_path, ended=ended, made_on=clock.today())
    status, said = got(client, world.outsider.person, reverse("team_proposals"))
    assert (status, SECRET in said, world.secret_path.public_id in said) == (200, False, False)


@pytest.mark.parametrize(("attribution", "linked"), [("named", True), ("post_only", False), ("unit_only", False)])
def test_a_report_without_a_name_is_not_linked_to_its_person(world, attribution, linked):
    written = make_retrospective(world.member.staff, attribution=attribution, audience="unit")
    make_record(world.member.staff, make_course("S002"), report=written, shared=True)
    (line,) = member_page.records(world.member.person.user, world.member.staff)
    assert (line.report is not None) == linked


def test_a_private_record_is_not_the_offices_either(world):
    office = make_staff(make_unit("jinji", name="人事課"), duties=("training",))
    make_record(world.member.staff, origin="self")
    assert member_page.records(office.user, world.member.staff) == []


def test_a_day_to_come_opens_nothing_that_is_not_announced(world):
    today, person = clock.today(), world.outsider.staff
    post = make_post(world.member.person.appointments.get().post.unit)
    day = timedelta(days=1)
    before = readers_of([person], today + 20 * day)[person.pk]
    appoint(person, post, starts=today + 20 * day, announced_on=today + 10 * day, kind="concurrent")
    assert readers_of([person], today + 20 * day)[person.pk] == before


def test_no_address_of_learning_takes_a_change_by_get(world, client):
    """Actions need POST: GET answers 405, or 404 if the address does not exist for this reader."""
    client.force_login(world.member.person.user)
    uid, public_id = world.member.given.uid, world.open_path.public_id
    pressed = {
        "path_enrol": [public_id],
        "my_learning_share": [uid],
        "my_learning_cancel": [uid],
        "my_learning_again": [uid],
        "my_learning_write": [uid],
        "my_findable": [],
        "my_notices": [],
        "my_calendar_key": [],
        "team_decide": [1],
        "team_proposal": [1],
        "training_rule_delete": [1],
        "record_share": [1],
        "record_used": [1],
        "record_plan": [1],
    }
    assert {client.get(reverse(name, args=args)).status_code for name, args in pressed.items()} == {405}


def test_every_page_of_learning_asks_who_is_there(client):
    """Without a session nothing is shown, except the calendar, which is opened by its key."""
    samples = {"uuid": "00000000-0000-4000-8000-000000000000", "int": "1", "str": "LP-R07-00001", "path": "S001"}
    samples["slug"] = "read"
    for pattern in urlpatterns:
        if pattern.name == "calendar_feed":
            continue
        url = "/" + re.sub(r"<(\w+):\w+>", lambda found: samples[found[1]], str(pattern.pattern))
        answer = client.post(url)
        assert answer.status_code in (302, 403, 404, 405), url
        assert answer.status_code != 302 or "login" in answer["Location"], url


def test_a_step_keeps_its_words_where_it_is_open(world, client):
    path = make_path(world.member.person, steps=[step(title="やってみる", task="<b>押す</b>")])
    _, said = got(client, world.outsider.person, reverse("item", args=[path.public_id]))
    assert "やってみる" in said
    assert "<b>押す</b>" not in said
