"""Training records: entered by the person or the office, planned, answered, and counted."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from learning.access import permissions
from learning.models import AssignmentState, TrainingRecord
from learning.records import editing
from organization import clock
from tests.errors import refused_with
from tests.factories.learning import give, make_course, make_path, make_record, step, take
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db

OURS = TrainingRecord.Origin.SELF


@pytest.fixture
def colleague(unit):
    return make_staff(unit)


@pytest.fixture
def office():
    return make_staff(make_unit("jinji", name="人事課"), duties=("training",))


def typed(**values):
    values.setdefault("free_title", "話し方の講座")
    values.setdefault("starts_on", "2026-06-01")
    values.setdefault("status", "completed")
    return values


def enter(client, by, /, **values):
    client.force_login(by.user)
    return client.post(reverse("record_new"), typed(**values))


# --- Entering --------------------------------------------------------------------------------


def test_a_person_enters_a_course_of_their_own(client, me):
    answer = enter(client, me, hours="6.5", certificate_no="第12号", organiser="市町村研修所")
    record = TrainingRecord.objects.get()
    assert answer["Location"] == reverse("my_record", args=[record.pk])
    assert (record.person, record.origin, record.title, record.status) == (me, OURS, "話し方の講座", "completed")
    assert record.ends_on == record.starts_on == date(2026, 6, 1)
    assert record.fiscal_year == 2026


def test_a_course_of_the_catalogue_that_was_completed_counts_in_an_open_path(client, head, me):
    course = make_course(valid_months=12)
    given = give(make_path(head, steps=[take(course)]), me)
    enter(client, me, course=course.pk, free_title="")
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED
    assert TrainingRecord.objects.get().expires_on == date(2027, 6, 1)


def test_the_step_of_a_path_opens_the_form_with_its_course_chosen(client, me):
    course = make_course()
    client.force_login(me.user)
    shown = client.get(reverse("record_new"), {"course": course.pk}).content.decode()
    assert f'value="{course.pk}" selected' in shown


@pytest.mark.parametrize("status", ["passed", "failed", "waived", "absent", "approved", "cancelled", "nonsense"])
def test_results_are_the_offices_to_enter(client, me, status):
    assert enter(client, me, status=status).status_code == 422
    assert not TrainingRecord.objects.exists()
    if status != "nonsense":
        record = TrainingRecord(free_title="講座", starts_on=date(2026, 6, 1), ends_on=date(2026, 6, 1), status=status)
        with refused_with("office_status"):
            editing.enter(record=record, by=me)


def test_fields_that_are_not_the_persons_are_ignored(client, me, colleague):
    enter(
        client,
        me,
        person=colleague.pk,
        score="100",
        origin="office",
        shared="1",
        import_key="x",
        used="used",
        obligation="all",
    )
    record = TrainingRecord.objects.get()
    assert (record.person, record.score, record.origin, record.shared) == (me, None, OURS, False)
    assert (record.import_key, record.used, record.obligation) == (None, "", "optional")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"free_title": " "}, "研修の名前を書いてください"),
        ({"starts_on": ""}, "日付を入れてください"),
        ({"starts_on": "令和7年"}, "年-月-日"),
        ({"ends_on": "2026-05-01"}, "終わりが始まりより前です"),
        ({"hours": "たくさん"}, "2000までの数字"),
        ({"hours": "9999"}, "2000までの数字"),
        ({"expires_on": "2026-01-01"}, "有効期限が研修の終わりより前"),
        ({"course": "999"}, "選び直してください"),
        ({"course": "\x00"}, "選び直してください"),
        ({"starts_on": "2099-06-01"}, "まだ終わっていない研修"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(client, me, values, says):
    answer = enter(client, me, **{"organiser": "県の研修所", **values})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert says in shown
    assert "県の研修所" in shown
    assert not TrainingRecord.objects.exists()


def test_a_person_mends_what_they_entered(client, me):
    enter(client, me, status="planned")
    record = TrainingRecord.objects.get()
    client.post(reverse("record_edit", args=[record.pk]), typed(free_title="直した講座"))
    record.refresh_from_db()
    assert (record.title, record.status) == ("直した講座", "completed")


def test_what_the_office_entered_is_not_the_persons_to_mend(client, me):
    record = make_record(me)
    client.force_login(me.user)
    assert client.post(reverse("record_edit", args=[record.pk]), typed(free_title="直した")).status_code == 404
    with pytest.raises(PermissionDenied):
        editing.enter(record=record, by=me)


def test_a_result_of_the_office_closes_the_record_to_its_person(client, me):
    record = make_record(me, origin=OURS, status="passed", score=90)
    client.force_login(me.user)
    assert client.get(reverse("record_edit", args=[record.pk])).status_code == 404


@pytest.mark.parametrize(
    "name", ["my_record", "record_edit", "record_plan", "record_used", "record_share", "record_report"]
)
def test_the_record_of_somebody_else_does_not_exist(client, me, colleague, name):
    record = make_record(colleague, origin=OURS)
    client.force_login(me.user)
    url = reverse(name, args=[record.pk])
    assert (client.get(url) if name in ("my_record", "record_edit") else client.post(url)).status_code == 404


# --- Plan, use, sharing ----------------------------------------------------------------------


def test_the_plan_is_kept_and_one_that_is_too_long_comes_back(client, me):
    record = make_record(me)
    client.force_login(me.user)
    url = reverse("record_plan", args=[record.pk])
    client.post(url, {"use_plan": "会議の進め方を変える。", "status": "passed"})
    record.refresh_from_db()
    assert (record.use_plan, record.status) == ("会議の進め方を変える。", "completed")
    refused = client.post(url, {"use_plan": "あ" * 405})
    assert refused.status_code == 422
    assert "5文字けずってください" in refused.content.decode()
    assert "あ" * 405 in refused.content.decode()


def test_whether_it_was_used_is_asked_after_90_days_and_answered_once_for_good(client, me):
    record = make_record(me, starts_on=clock.today() - timedelta(days=90))
    client.force_login(me.user)
    assert "使いましたか<span" in client.get(reverse("my")).content.decode()
    client.post(reverse("record_used", args=[record.pk]), {"used": "partly", "note": "窓口で使った。"})
    record.refresh_from_db()
    assert (record.used, record.used_note, record.used_on) == ("partly", "窓口で使った。", clock.today())
    assert "使いましたか<span" not in client.get(reverse("my")).content.decode()


@pytest.mark.parametrize(("days", "used"), [(89, "used"), (90, ""), (90, "nonsense")])
def test_an_answer_that_is_too_early_or_none_is_refused(client, me, days, used):
    record = make_record(me, starts_on=clock.today() - timedelta(days=days))
    client.force_login(me.user)
    answer = client.post(reverse("record_used", args=[record.pk]), {"used": used, "note": "ひとこと"})
    assert answer.status_code == 422
    record.refresh_from_db()
    assert record.used == ""


def test_a_report_of_a_named_course_is_asked_for_within_14_days(client, me):
    make_record(me, obligation="named", starts_on=clock.today() - timedelta(days=4))
    client.force_login(me.user)
    shown = client.get(reverse("my")).content.decode()
    assert "答えを待っているもの" in shown
    assert "あと10日" in shown


def test_sharing_a_record_shows_it_to_the_manager_and_taking_it_back_hides_it(client, head, me):
    record = make_record(me, origin=OURS)
    client.force_login(me.user)
    assert not permissions.managed_records(head.user).filter(pk=record.pk).exists()
    client.post(reverse("record_share", args=[record.pk]), {"shared": "1"})
    assert permissions.managed_records(head.user).filter(pk=record.pk).exists()
    client.post(reverse("record_share", args=[record.pk]))
    assert not permissions.managed_records(head.user).filter(pk=record.pk).exists()


# --- The office ------------------------------------------------------------------------------


def office_form(person, course, **values):
    day = "2026-06-01"
    return {
        "person": person.pk,
        "course": course.pk,
        "free_title": "",
        "organiser": "",
        "starts_on": day,
        "ends_on": day,
        "hours": "",
        "obligation": "named",
        "status": "passed",
        "score": "88",
        "certificate_no": "",
        "expires_on": "",
        "use_plan": "",
        "used": "",
        "used_note": "",
        **values,
    }


def test_a_record_of_the_office_counts_in_an_open_path(client, head, me, office):
    course = make_course()
    given = give(make_path(head, steps=[take(course), step()]), me)
    client.force_login(office.user)
    client.post(reverse("trainingrecord:add"), office_form(me, course, shared="on"))
    record = TrainingRecord.objects.get()
    given.refresh_from_db()
    assert given.steps_done == 1
    assert (record.score, record.shared, record.origin) == (88, False, "office")


def test_a_record_that_moves_or_goes_counts_no_longer_for_who_had_it(client, head, me, colleague, office):
    course = make_course()
    path = make_path(head, steps=[take(course), step()])
    mine, theirs = give(path, me), give(path, colleague)
    client.force_login(office.user)
    client.post(reverse("trainingrecord:add"), office_form(me, course))
    record = TrainingRecord.objects.get()
    client.post(reverse("trainingrecord:edit", args=[record.pk]), office_form(colleague, course))
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.steps_done, theirs.steps_done) == (0, 1)
    client.post(reverse("trainingrecord:delete", args=[record.pk]))
    theirs.refresh_from_db()
    assert theirs.steps_done == 0
    assert not TrainingRecord.objects.exists()


@pytest.mark.parametrize("role", ["training", "km"])
def test_a_private_record_is_nowhere_in_the_admin_until_shared(client, me, role):
    alone = make_record(me, free_title="夜の講座", origin=OURS, status="attended")
    make_record(me, free_title="夜の研修", origin="office")
    client.force_login(make_staff(make_unit(), duties=(role,)).user)
    listed = client.get(reverse("trainingrecord:index"), {"q": "夜の"}).content.decode()
    assert "夜の研修" in listed and "夜の講座" not in listed
    assert "1件" in client.get("/admin/").content.decode()
    places = [reverse(f"trainingrecord:{name}", args=[alone.pk]) for name in ("edit", "delete", "history", "usage")]
    assert {client.get(place).status_code for place in places} == {404}
    TrainingRecord.objects.update(shared=True)
    assert "夜の講座" in client.get(reverse("trainingrecord:index"), {"q": "夜の"}).content.decode()
    assert {client.get(place).status_code for place in places} == {200}


def test_a_record_with_a_result_stays_with_the_office_that_wrote_it(me):
    record = make_record(me, origin=OURS, status="failed")
    assert list(permissions.office_records()) == [record]


def test_a_record_leads_back_to_my_path_that_asks_for_its_course(client, me, head):
    course = make_course()
    given = give(make_path(head, steps=[take(course)]), me)
    client.force_login(me.user)
    record = make_record(me, course)
    address = reverse("my_learning", args=[given.uid])
    assert address in client.get(reverse("my_record", args=[record.pk])).content.decode()
    assert address not in client.get(reverse("my_record", args=[make_record(me).pk])).content.decode()
