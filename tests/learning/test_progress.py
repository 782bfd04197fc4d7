"""Progress: the changes by a learner, a confirmer, a publication or a training record."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from learning.assignments import adjustments
from learning.models import AssignmentState, Completion, StepProgress, StepType
from learning.progress import recording, verification
from organization import clock
from tests.errors import refused_with
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.learning import check, give, make_course, make_path, make_record, read, step, take, write
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def learner(unit):
    return make_staff(unit)


def uids(path):
    return [step.uid for step in path.current_version().steps.all()]


def test_a_confirmed_reading_is_done_and_begins_the_assignment(head, learner):
    lesson = make_lesson(head)
    path = make_path(head, steps=[read(lesson), step()])
    given = give(path, learner)
    recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner)
    given.refresh_from_db()
    assert (given.state, given.steps_done, given.steps_needed) == (AssignmentState.IN_PROGRESS, 1, 2)


def test_the_last_step_completes_and_counts_the_validity_from_that_day(head, learner):
    path = make_path(head, steps=[step()], version={"valid_months": 12})
    given = give(path, learner)
    recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner, evidence="窓口に立った。")
    given.refresh_from_db()
    today = clock.today()
    assert given.state == AssignmentState.COMPLETED
    assert given.completed_on == given.closed_on == today
    assert given.valid_until.year == today.year + 1


def test_work_without_a_word_of_what_was_done_is_refused(head, learner):
    path = make_path(head)
    given = give(path, learner)
    with refused_with("evidence_required"):
        recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner, evidence="  ")
    assert not StepProgress.objects.exists()


def test_a_step_waits_for_the_groups_before_it(head, learner):
    path = make_path(head, groups=[("all", 1, [step()]), ("all", 1, [step(StepType.ASK)])])
    given = give(path, learner)
    first, second = uids(path)
    with refused_with("step_not_open"):
        recording.complete_step(assignment=given, step_uid=second, by=learner)
    recording.complete_step(assignment=given, step_uid=first, by=learner, evidence="した。")
    recording.complete_step(assignment=given, step_uid=second, by=learner)
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED


def test_a_group_of_any_two_is_satisfied_by_two_of_three(head, learner):
    path = make_path(head, groups=[("any", 2, [step(StepType.ASK), step(StepType.ASK), step(StepType.ASK)])])
    given = give(path, learner)
    for uid in uids(path)[1:]:
        recording.complete_step(assignment=given, step_uid=uid, by=learner)
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED
    assert (given.steps_done, given.steps_needed) == (2, 2)


def test_an_optional_step_is_not_needed(head, learner):
    path = make_path(head, steps=[step(StepType.ASK), step(StepType.ASK, required=False)])
    given = give(path, learner)
    recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner)
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED


def test_a_retrospective_counts_in_the_transaction_of_its_publication(head, learner):
    path = make_path(head, steps=[write("kpt"), step()])
    given = give(path, learner)
    make_retrospective(learner, format="ywt")
    given.refresh_from_db()
    assert given.steps_done == 0
    item = make_retrospective(learner, format="kpt")
    given.refresh_from_db()
    assert given.steps_done == 1
    assert given.progress.get().item_id == item.pk


def test_a_retrospective_from_before_the_assignment_does_not_count(head, learner):
    path = make_path(head, steps=[write("kpt")])
    with clock.moved_to(clock.today() - timedelta(days=3)):
        make_retrospective(learner, format="kpt")
    given = give(path, learner)
    recording.sync_facts(type(given).objects.all())
    given.refresh_from_db()
    assert given.state == AssignmentState.ASSIGNED


def test_what_was_written_without_a_name_counts_and_is_not_linked(head, learner):
    path = make_path(head, steps=[write("kpt"), step()])
    given = give(path, learner)
    make_retrospective(learner, format="kpt", attribution="unit_only")
    assert given.progress.get().item_id is None
    given.refresh_from_db()
    assert given.steps_done == 1


def test_a_course_counts_when_its_record_says_passed(head, learner):
    course = make_course()
    path = make_path(head, steps=[take(course)])
    given = give(path, learner)
    record = make_record(learner, course, status="planned")
    recording.record_changed(record)
    given.refresh_from_db()
    assert given.state == AssignmentState.ASSIGNED
    record.status = "passed"
    record.save()
    recording.record_changed(record)
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED
    assert given.completed_on == given.assigned_on  # the course is older than the assignment


def test_a_record_corrected_to_failed_reopens_the_step_of_an_open_path(head, learner):
    course = make_course()
    path = make_path(head, steps=[take(course), step()])
    given = give(path, learner)
    record = make_record(learner, course, status="passed")
    recording.record_changed(record)
    record.status = "failed"
    record.save()
    recording.record_changed(record)
    given.refresh_from_db()
    assert (given.state, given.steps_done) == (AssignmentState.ASSIGNED, 0)


def test_a_completion_is_never_undone(head, learner):
    course = make_course()
    path = make_path(head, steps=[take(course)])
    given = give(path, learner)
    record = make_record(learner, course, status="passed")
    recording.record_changed(record)
    record.status = "failed"
    record.save()
    recording.record_changed(record)
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED


def test_a_check_says_which_answers_are_wrong_and_counts_when_all_are_right(head, learner):
    path = make_path(head, steps=[check()])
    given = give(path, learner)
    with pytest.raises(recording.WrongAnswersError) as raised:
        recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner, answers={0: 1})
    assert raised.value.wrong == [0]
    recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner, answers={0: 0})
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED


def test_an_event_cannot_be_done_before_its_day(head, learner):
    path = make_path(head, steps=[step(StepType.EVENT, held_on=clock.today() + timedelta(days=1))])
    given = give(path, learner)
    with refused_with("event_to_come"):
        recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner)


def test_a_reviewed_step_waits_for_the_manager_who_is_told(head, learner):
    path = make_path(head, steps=[step(completion=Completion.REVIEWED)])
    given = give(path, learner)
    row = recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner, evidence="議事録を書いた。")
    assert row.state == StepProgress.State.SUBMITTED
    assert head.notices.filter(url="/team/waiting/").exists()
    recording.decide_step(progress=row, user=head.user, accept=True)
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED


def test_a_return_needs_a_comment_that_the_learner_reads(head, learner):
    path = make_path(head, steps=[step(completion=Completion.REVIEWED)])
    given = give(path, learner)
    row = recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner, evidence="書いた。")
    with refused_with("comment_required"):
        recording.decide_step(progress=row, user=head.user, accept=False)
    recording.decide_step(progress=row, user=head.user, accept=False, comment="日時も書いてください。")
    row.refresh_from_db()
    assert (row.state, row.comment) == ("returned", "日時も書いてください。")
    assert learner.notices.filter(text__contains="日時も").exists()
    recording.complete_step(assignment=given, step_uid=row.step_uid, by=learner, evidence="5月3日に書いた。")
    row.refresh_from_db()
    assert row.state == "submitted"


def test_nobody_confirms_their_own_step(head):
    path = make_path(head, steps=[step(completion=Completion.REVIEWED)])
    given = give(path, head)
    row = recording.complete_step(assignment=given, step_uid=uids(path)[0], by=head, evidence="した。")
    with pytest.raises(PermissionDenied):
        recording.decide_step(progress=row, user=head.user, accept=True)


def test_a_manager_of_another_unit_cannot_confirm(head, learner):
    other = make_staff(make_unit("zaisei", name="財政課"), title="課長", head=True)
    path = make_path(head, steps=[step(completion=Completion.REVIEWED)])
    row = recording.complete_step(assignment=give(path, learner), step_uid=uids(path)[0], by=learner, evidence="した。")
    with pytest.raises(PermissionDenied):
        recording.decide_step(progress=row, user=other.user, accept=True)


def test_whom_a_talk_was_with_may_confirm_it(head, learner):
    expert = make_staff(make_unit("kiki", name="危機管理課"))
    post = expert.appointments.get().post
    path = make_path(head, steps=[step(StepType.ASK, post=post, completion=Completion.CONFIRM)])
    row = recording.complete_step(assignment=give(path, learner), step_uid=uids(path)[0], by=learner)
    recording.decide_step(progress=row, user=expert.user, accept=True)
    row.refresh_from_db()
    assert row.state == "done"


def test_another_persons_step_cannot_be_done(head, learner):
    path = make_path(head)
    given = give(path, learner)
    with pytest.raises(PermissionDenied):
        recording.complete_step(assignment=given, step_uid=uids(path)[0], by=head, evidence="した。")


def test_a_reading_closed_to_its_learner_can_be_skipped(head, learner):
    other = make_staff(make_unit("zaisei", name="財政課"))
    closed = make_lesson(other, title="財政課だけの話")
    path = make_path(head, steps=[read(closed)])
    given = give(path, learner)
    with refused_with("reading_closed"):
        recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner)
    recording.skip_step(assignment=given, step_uid=uids(path)[0], by=learner)
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED


def test_a_superseded_lesson_is_read_as_its_successor(head, learner):
    old = make_lesson(head)
    path = make_path(head, steps=[read(old)])
    new = make_lesson(head, title="土のうは二日前に積む", supersedes=old)
    row = recording.complete_step(assignment=give(path, learner), step_uid=uids(path)[0], by=learner)
    assert row.item_id == new.pk


def test_a_reading_that_can_be_read_cannot_be_skipped(head, learner):
    path = make_path(head, steps=[read(make_lesson(head))])
    with refused_with("reading_open"):
        recording.skip_step(assignment=give(path, learner), step_uid=uids(path)[0], by=learner)


def test_a_closed_assignment_takes_no_more_steps(head, learner):
    path = make_path(head)
    given = give(path, learner, state="cancelled")
    with refused_with("assignment_closed"):
        recording.complete_step(assignment=given, step_uid=uids(path)[0], by=learner, evidence="した。")


def test_a_recount_of_what_the_product_did_finds_no_difference(head, learner):
    course = make_course()
    path = make_path(head, groups=[("all", 1, [write("kpt"), take(course)]), ("any", 1, [step(), step(StepType.ASK)])])
    give(path, learner)
    make_retrospective(learner, format="kpt")
    recording.record_changed(make_record(learner, course))
    assert list(verification.differences()) == []


def test_a_recount_finds_and_repairs_what_was_changed_by_hand(head, learner):
    path = make_path(head, steps=[write("kpt"), step()])
    given = give(path, learner)
    make_retrospective(learner, format="kpt")
    given.progress.all().delete()
    type(given).objects.update(steps_done=7)
    assert list(verification.differences())
    assert verification.repair([given.pk])
    assert list(verification.differences()) == []


def test_the_due_date_is_extended_with_the_old_one_kept(head, learner):
    given = give(make_path(head), learner)
    old = given.due_on
    adjustments.extend(
        assignment=given, user=head.user, due_on=old + timedelta(days=30), reason="災害対応が続いたため。"
    )
    given.refresh_from_db()
    assert given.due_on == old + timedelta(days=30)
    assert given.extensions.get().old_due == old


def test_nobody_waives_their_own(head):
    given = give(make_path(head), head)
    with pytest.raises(PermissionDenied, match="自分では"):
        adjustments.waive(assignment=given, user=head.user, reason="知っているから。", evidence="前の職場")


def test_a_waiver_needs_evidence(head, learner):
    given = give(make_path(head), learner)
    with refused_with("text_required"):
        adjustments.waive(assignment=given, user=head.user, reason="同じ研修を受けた。", evidence=" ")
    adjustments.waive(assignment=given, user=head.user, reason="同じ研修を受けた。", evidence="修了証 第12号")
    given.refresh_from_db()
    assert (given.state, given.waived_by) == (AssignmentState.WAIVED, head)


def test_a_day_that_is_past_is_no_extension(head, learner):
    given = give(make_path(head), learner, due_on=date(2025, 1, 5), assigned_on=date(2025, 1, 1))
    with refused_with("due_in_past"):
        adjustments.extend(assignment=given, user=head.user, due_on=date(2025, 2, 1), reason="延ばす。")
