"""The pages of learning do not disclose titles of closed articles (I16), anonymous authors (I13), unannounced
appointments (I8), small counts by another address (I15) and private learning."""

from datetime import timedelta

import pytest
from django.urls import reverse

from learning.authoring import versions
from learning.models import AssignmentRule, Completion, LearningPath, Message, SuccessorProposal
from learning.notifications import nudges
from learning.paths.labels import UNNAMED
from learning.progress import recording
from organization import clock
from organization.models import Notice
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.learning import give, make_path, make_record, read
from tests.factories.organization import appoint, make_person, make_post, make_staff, make_unit

pytestmark = pytest.mark.django_db
SECRET = "入札の手違いの題"


@pytest.fixture
def staff(unit):
    return make_staff(unit)


@pytest.fixture
def stranger():
    return make_staff(make_unit("zaisei", name="財政課"), title="課長", head=True)


@pytest.fixture
def office():
    return make_staff(make_unit("jinji", name="人事課"), duties=("training",))


def closed_step(by, **values):
    """A reading step whose title is that of a lesson which only the unit of `by` may open."""
    lesson = make_lesson(by, title=SECRET, audience="unit")
    return read(lesson, **{"title": f"{SECRET}を読む", "why": f"{SECRET}を知るため", **values})


def text_of(client, person, address):
    client.force_login(person.user)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


# --- I16: titles of what is closed -----------------------------------------------------------


def test_the_texts_of_a_path_name_no_step(head):
    path = make_path(head, steps=[closed_step(head)])
    assert SECRET not in "".join(LearningPath.objects.get(pk=path.pk).body_texts())


def test_a_path_shows_neither_title_nor_reason_of_a_reading_that_is_closed(client, head, stranger):
    path = make_path(head, steps=[closed_step(head)])
    address = path.get_absolute_url()
    assert SECRET in text_of(client, head, address)
    shown = text_of(client, stranger, address)
    assert UNNAMED in shown and SECRET not in shown


def test_my_pages_give_no_reason_that_names_a_closed_reading(client, head, stranger):
    given = give(make_path(head, steps=[closed_step(head)]), stranger)
    for address in (reverse("my"), reverse("my_learning", args=[given.uid])):
        assert SECRET not in text_of(client, stranger, address)


def test_who_confirms_a_reading_is_not_told_what_it_is_called(head, unit):
    learner, elsewhere = make_staff(unit), make_unit("kasen", name="河川課")
    appoint(learner, make_post(elsewhere), kind="concurrent")
    given = give(make_path(head, steps=[closed_step(make_staff(elsewhere), completion=Completion.CONFIRM)]), learner)
    step = given.version.steps.get()
    recording.complete_step(assignment=given, step_uid=step.uid, by=learner)
    notices = list(Notice.objects.filter(person=head).values_list("text", flat=True))
    assert notices == ["「公開範囲の外の記事を読む」の確認をお願いします。"]


def test_a_copy_leaves_out_what_names_a_closed_reading(head, stranger):
    path = make_path(head, steps=[closed_step(head)])
    unit_id = stranger.appointments.get().post.unit_id
    copied = versions.copy(path=path, by=stranger.user, unit_id=unit_id, audience="unit", title="写し")
    step = copied.versions.get().steps.get()
    assert step.item_id is None and SECRET not in step.title + step.why


def test_a_copy_keeps_the_words_of_every_other_step(head, stranger):
    path = make_path(head)
    unit_id = stranger.appointments.get().post.unit_id
    copied = versions.copy(path=path, by=stranger.user, unit_id=unit_id, audience="unit", title="写し")
    assert copied.versions.get().steps.get().title == path.versions.get().steps.get().title


def test_who_assigns_is_not_told_what_a_closed_reading_is_called(client, head, stranger):
    path = make_path(head, steps=[closed_step(head)])
    mine = make_staff(stranger.appointments.get().post.unit)
    client.force_login(stranger.user)
    data = {
        "path": path.public_id,
        "start_on": clock.today(),
        "people": str(mine.uid),
        "reason": "要る学習です。",
        "bound": "person",
    }
    answer = client.post(reverse("assign"), data)
    assert answer.status_code == 200
    shown = answer.content.decode()
    assert f"「{UNNAMED}」を読めない人が1人います" in shown and SECRET not in shown


def test_staff_cannot_be_narrowed_to_a_path_that_the_head_may_not_open(client, head, office, staff):
    path = make_path(office, title=SECRET, audience="unit")
    give(path, staff, source="office")
    data = {"path": path.public_id}
    assert staff.name not in text_of(client, head, f"{reverse('team_rows')}?path={path.public_id}")
    client.force_login(head.user)
    assert staff.name not in client.get(reverse("team_export"), data).getvalue().decode()


@pytest.mark.parametrize("name", ["training_rules", "training_rule"])
def test_a_head_reads_no_title_of_a_rules_path_that_is_closed(client, head, office, unit, name):
    path = make_path(office, title=SECRET, audience="unit")
    rule = AssignmentRule.objects.create(
        path=path, unit=unit, newcomers=True, reason="要る学習です。", starts_on=clock.today()
    )
    args = [rule.pk] if name == "training_rule" else []
    assert SECRET not in text_of(client, head, reverse(name, args=args))


def test_a_head_reads_no_title_of_a_proposed_path_that_is_closed(client, head, office, unit):
    path = make_path(office, title=SECRET, audience="unit")
    post = make_post(unit)
    ended = give(path, make_person(), source="office", state="cancelled", post=post)
    SuccessorProposal.objects.create(ended=ended, post=post, path=path, made_on=clock.today())
    assert SECRET not in text_of(client, head, reverse("team_proposals"))
    client.force_login(head.user)
    answer = client.post(
        reverse("team_proposal", args=[SuccessorProposal.objects.get().pk]), {"decline": "1"}, follow=True
    )
    assert SECRET not in answer.content.decode()


def test_a_reminder_begins_without_the_title_of_a_closed_path(head, office, staff):
    given = give(make_path(office, title=SECRET, audience="unit"), staff, source="office")
    assert SECRET not in nudges.draft(assignment=given, by=head)


# --- I13: reports that name nobody -----------------------------------------------------------


@pytest.mark.parametrize("attribution", ["unit_only", "post_only"])
def test_a_report_without_a_name_is_not_led_to_from_its_authors_page(client, head, office, staff, attribution):
    report = make_retrospective(staff, title="名のない報告", audience="prefecture", attribution=attribution)
    make_record(staff, report=report)
    for reader in (head, office):
        shown = text_of(client, reader, reverse("team_person", args=[staff.uid]))
        assert "名のない報告" not in shown and report.public_id not in shown


# --- I15: counts of few by another address ---------------------------------------------------


@pytest.mark.parametrize(
    "query",
    ["measure=due", "measure=done", "measure=open", "measure=overdue", "measure=due&department=none"],
)
def test_a_number_that_the_page_hides_has_no_rows(client, head, office, staff, query):
    due = clock.today() - timedelta(days=1)
    give(make_path(head), staff, start_on=due, due_on=due)
    client.force_login(office.user)
    assert client.get(f"{reverse('training_rows')}?{query}").status_code == 404


# --- Private learning ------------------------------------------------------------------------


OUTBOX = {
    "a begun path": ("/my/learning/{uid}/", False),
    "a shared path": ("/my/learning/{uid}/", True),
    "a renewal": ("{path}", False),
    "a record": ("/my/#record-{record}-used", False),
    "a shared record": ("/my/#record-{record}-used", True),
}


@pytest.mark.parametrize("case", OUTBOX)
def test_the_outbox_tells_the_office_nothing_of_private_learning(client, office, staff, case):
    address, shared = OUTBOX[case]
    path = make_path(office)
    given = give(path, staff, source="self", shared=shared)
    record = make_record(staff, origin="self", shared=shared)
    url = address.format(uid=given.uid, path=path.get_absolute_url(), record=record.pk)
    body = f"・{SECRET}\n　https://manabi.example{url}\n"
    Message.objects.create(person=staff, on=clock.today(), subject=f"件名の{SECRET}", body=body)
    assert (SECRET in text_of(client, office, reverse("training_outbox"))) is shared


# --- I8: before the announcement ---------------------------------------------------------------


def test_who_left_is_not_named_by_a_post_that_is_not_announced(client, head, unit):
    """The uid of a person whose appointment is not announced: the head must get the answer for an unknown person."""
    gone = make_person(left_on=clock.today() - timedelta(days=1))
    later = clock.today() + timedelta(days=20)
    appoint(gone, make_post(unit), starts=later, announced_on=later)
    client.force_login(head.user)
    data = {"path": "", "start_on": clock.today(), "people": str(gone.uid), "edit": "1"}
    assert client.post(reverse("assign"), data).status_code == 404
