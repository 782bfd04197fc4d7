"""The path editor: versions, groups, steps and stages, permissions and refusals."""

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import given
from hypothesis import strategies as st

from kb.lifecycle import review_queue
from kb.models import Item
from kb.models.items.states import State
from learning.access import path_permissions
from learning.assignments.assigning import assign, plan
from learning.assignments.plan import Order, OutsideUnitError
from learning.authoring import editing, lifecycle, versions
from learning.models import LearningPath, Stage, Step, StepGroup, StepType
from learning.paths import ordering
from learning.paths.problems import closed_readings, covers, current_items_of, problems
from learning.paths.reading_targets import readable
from learning.paths.structure import outline
from learning.progress.recording import complete_step
from organization import clock
from organization.access_policy import can_view, readers_of
from organization.audience import Audience
from organization.models import AuditEvent
from organization.units.tree import unit_tree
from tests.errors import refused_with
from tests.factories.kb import lesson, make_lesson, publish
from tests.factories.learning import check, give, make_course, make_path, read, step, take, write
from tests.factories.organization import make_department, make_staff, make_unit

pytestmark = pytest.mark.django_db
ON_JOB = {"title": "窓口に立つ", "why": "一人で答えられるように。", "minutes": 30, "task": "一件を受け持つ。"}


@pytest.fixture
def department():
    return make_department("kikikanri", name="危機管理部")


@pytest.fixture
def unit(department):
    return make_unit("bosai", name="防災課", parent=department)


@pytest.fixture
def office():
    return make_staff(make_unit("jinzai", name="人材育成課"), duties=("training",))


@pytest.fixture
def second_office():
    return make_staff(make_unit("jinzai2", name="研修所"), duties=("training",))


def draft(by, unit, audience="unit"):
    path = editing.create(by=by.user, unit_id=unit.pk, audience=audience, values={"title": "窓口の最初の一週間"})
    return path, path.versions.get()


def ready(by, unit, audience="unit"):
    """A path in 作成中 without problems."""
    made, version = draft(by, unit, audience)
    group = editing.save_group(version=version, by=by.user, values={"title": "はじめ"})
    editing.add_step(group=group, by=by.user, type="on_job", values=ON_JOB)
    return made


def frozen(path, person):
    assign(
        plan=plan(
            order=Order(path=path, start_on=clock.today(), source="office", reason="はじめての学習"), people=[person]
        ),
        by=None,
    )
    return path.versions.get(number=1)


# --- Permissions ----------------------------------------------------------------------------------


def test_a_head_makes_a_path_for_the_own_unit(head, unit):
    path, version = draft(head, unit)
    assert (path.stage, path.owner_unit, version.number) == (Stage.DRAFT, unit, 1)


def test_a_head_makes_none_for_a_foreign_unit(head):
    with pytest.raises(PermissionDenied):
        draft(head, make_unit("other"))


def test_a_head_makes_none_for_the_whole_prefecture(head, unit):
    with refused_with("unknown_audience"):
        draft(head, unit, "prefecture")


def test_staff_without_a_head_post_make_none(unit):
    with pytest.raises(PermissionDenied):
        draft(make_staff(unit), unit)


def test_the_training_office_makes_one_for_any_unit(office, unit):
    assert draft(office, unit, "prefecture")[0].owner_unit == unit


def test_the_sql_and_the_plain_form_of_who_builds_agree(head, office, unit):
    km, staff = make_staff(make_unit(), duties=("km",)), make_staff(unit)
    other = make_unit("other")
    paths = [
        draft(office, unit)[0],
        draft(office, other)[0],
        make_path(head),
        lifecycle.send(path=ready(head, unit, "department"), by=head.user),
    ]
    for person in (head, office, km, staff, make_staff(other, head=True)):
        plain = {path.pk for path in paths if path_permissions.may_open(path=path, user=person.user)}
        assert set(path_permissions.buildable(person.user).values_list("pk", flat=True)) == plain


# --- Steps and groups -----------------------------------------------------------------------------


@pytest.mark.parametrize("type", [t for t in StepType.values if t != "event"])
def test_a_column_of_another_type_is_refused(head, unit, type):
    _, version = draft(head, unit)
    group = editing.save_group(version=version, by=head.user, values={"title": "はじめ"})
    with refused_with("unknown_field"):
        editing.add_step(
            group=group, by=head.user, type=type, values={"title": "題", "why": "なぜ", "held_on": clock.today()}
        )
    assert not Step.objects.exists()


@pytest.mark.parametrize("column", ["uid", "order", "version", "frozen_at"])
def test_a_column_that_is_nobodys_to_send_is_refused(head, unit, column):
    _, version = draft(head, unit)
    group = editing.save_group(version=version, by=head.user, values={"title": "はじめ"})
    with refused_with("unknown_field"):
        editing.add_step(group=group, by=head.user, type="on_job", values={**ON_JOB, column: 1})


@pytest.mark.parametrize("type", ["write_retro", "course"])
def test_what_is_done_by_a_fact_is_confirmed_by_nobody(head, unit, type):
    _, version = draft(head, unit)
    group = editing.save_group(version=version, by=head.user, values={"title": "はじめ"})
    with refused_with("completion_by_fact"):
        editing.add_step(
            group=group, by=head.user, type=type, values={"title": "題", "why": "なぜ", "completion": "reviewed"}
        )


def test_more_steps_than_the_group_has_cannot_be_asked(head, unit):
    path = ready(head, unit)
    group = StepGroup.objects.get()
    with refused_with("any_n_too_large"):
        editing.save_group(version=path.versions.get(), by=head.user, values={"rule": "any", "any_n": 2}, group=group)


def test_a_reading_that_the_builder_cannot_open_is_refused(head, unit):
    _, version = draft(head, unit)
    secret = make_lesson(make_staff(make_unit("other")))
    group = editing.save_group(version=version, by=head.user, values={"title": "はじめ"})
    with refused_with("item_not_readable"):
        editing.add_step(
            group=group,
            by=head.user,
            type="read",
            values={"title": "題", "why": "なぜ", "item": Item.objects.get(pk=secret.pk)},
        )


def test_a_group_with_steps_is_not_deleted(head, unit):
    ready(head, unit)
    with refused_with("group_not_empty"):
        editing.delete_group(group=StepGroup.objects.get(), by=head.user)


def places(version):
    return [[(s.title, s.order) for s in group.steps] for group in outline(version).groups]


def test_a_step_moves_up_down_and_into_the_next_group(head, unit):
    _, version = draft(head, unit)
    first, second = (editing.save_group(version=version, by=head.user, values={"title": name}) for name in "12")
    for name in "ab":
        editing.add_step(group=first, by=head.user, type="on_job", values={**ON_JOB, "title": name})
    editing.add_step(group=second, by=head.user, type="on_job", values={**ON_JOB, "title": "c"})

    def move(title, up):
        editing.move_step(step=Step.objects.get(title=title), by=head.user, up=up)

    move("b", True)
    assert places(version) == [[("b", 0), ("a", 1)], [("c", 0)]]
    move("a", False)
    assert places(version) == [[("b", 0)], [("a", 0), ("c", 1)]]
    move("b", True)
    assert places(version) == [[("b", 0)], [("a", 0), ("c", 1)]]
    editing.move_group(group=second, by=head.user, up=True)
    assert places(version) == [[("a", 0), ("c", 1)], [("b", 0)]]
    editing.delete_step(step=Step.objects.get(title="a"), by=head.user)
    assert places(version) == [[("c", 0)], [("b", 0)]]


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=20),
)
def test_moves_lose_no_step_and_can_be_taken_back(sizes, moves):
    layout, n = [], 0
    for size in sizes:
        layout.append(list(range(n, n + size)))
        n += size
    for pick, up in moves if n else []:
        after = ordering.step_moved(layout, pick % n, up=up)
        assert sorted(key for group in after for key in group) == list(range(n))
        assert len(after) == len(layout)
        if after != layout:
            assert ordering.step_moved(after, pick % n, up=not up) == layout
        layout = after


# --- Problems -------------------------------------------------------------------------------------


def problem_texts(path):
    return [problem.text for problem in problems(path.working_version())]


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ([], "ステップがありません"),
        ([step("read")], "読むものが決まっていません"),
        ([step("course")], "研修が決まっていません"),
        ([step("event")], "行事の日"),
        ([step("ask_person")], "聴く相手"),
        ([step("check")], "問いがありません"),
        ([step("check", quiz=[{"question": "？", "choices": ["一つ"], "answer": 0}])], "二つ以上の選択肢"),
        ([step("check", quiz=[{"question": "？", "choices": ["一", "二"], "answer": 2}])], "正しい答え"),
        ([step(required=False)], "必須のステップがありません"),
    ],
)
def test_what_is_missing_is_said(head, steps, word):
    path = make_path(head, stage=Stage.DRAFT, steps=steps)
    assert any(word in text for text in problem_texts(path))
    with refused_with("path_problem"):
        lifecycle.send(path=path, by=head.user)


def test_a_withdrawn_reading_and_an_ended_course_are_said(head, unit):
    gone = make_lesson(head)
    course = make_course(retired=True)
    path = make_path(head, stage=Stage.DRAFT, steps=[read(gone), take(course)])
    from kb.lifecycle import publication

    publication.withdraw(item=gone, user=head.user, reason="古くなったため。")
    assert len(problem_texts(path)) == 2


def test_too_many_of_a_group_and_an_empty_group_are_said(head):
    path = make_path(head, stage=Stage.DRAFT, groups=[("any", 3, [step(), step()]), ("all", 1, [])])
    assert any("1から2まで" in text for text in problem_texts(path))
    assert any("ステップがありません" in text for text in problem_texts(path))


def test_a_sound_version_has_no_problem(head):
    path = make_path(
        head, stage=Stage.DRAFT, steps=[read(make_lesson(head)), write(), take(make_course()), check(), step()]
    )
    assert problem_texts(path) == []


def shut_for(path, person):
    steps = outline(path.current_version()).steps
    current = current_items_of(steps)
    return closed_readings(path, steps, readable(steps, person.user, current), current)


def test_a_reading_narrower_than_the_path_is_named(head):
    narrow = make_lesson(head)
    path = make_path(head, steps=[read(narrow, title="読む")])
    shut = shut_for(path, head)
    assert [(reading.step.title, reading.item.pk) for reading in shut] == [("読む", narrow.pk)]
    other = make_staff(make_unit("other"), duties=("training",))
    assert shut_for(path, other)[0].item is None


AUDIENCES = [a for a in Audience.values if a not in ("public", "self")]


@pytest.mark.parametrize("path_audience", AUDIENCES)
def test_a_reading_that_covers_the_path_is_readable_by_all_its_readers(head, unit, department, path_audience):
    section = make_unit("kakari", name="係", kind="section", parent=unit)
    far = make_unit("zaisei", name="財政課", parent=make_department("soumu"))
    town = make_unit("machi", kind="municipality")
    people = [make_staff(u) for u in (unit, section, far, department)] + [
        make_staff(town, employment="municipal"),
        head,
    ]
    path = make_path(head, audience=path_audience)
    readers = readers_of(people, clock.today()).values()
    for audience in Audience.values:
        for owner in (unit, section, far, department):
            item = Item(audience=audience, owner_unit=owner)
            if covers(item, path, unit_tree()):
                for reader in readers:
                    opens = can_view(reader, audience=path.audience, owner_unit_id=unit.pk, author_ids=())
                    assert not opens or can_view(reader, audience=audience, owner_unit_id=owner.pk, author_ids=())


# --- Stages ---------------------------------------------------------------------------------------


def test_a_head_opens_a_path_of_the_own_unit_at_once(head, unit):
    path = lifecycle.send(path=ready(head, unit), by=head.user)
    assert (path.stage, path.state, path.live) == (Stage.ACTIVE, State.PUBLISHED, True)
    assert path.current_version().number == 1


def test_a_wider_path_waits_for_the_training_office(head, unit, office):
    path = lifecycle.send(path=ready(head, unit, "department"), by=head.user)
    assert (path.stage, path.live) == (Stage.REVIEW, False)
    assert office.notices.exists()
    with pytest.raises(PermissionDenied):
        lifecycle.accept(path=path, by=head.user)
    assert lifecycle.accept(path=path, by=office.user).stage == Stage.ACTIVE


def test_the_training_office_does_not_accept_its_own_while_somebody_else_can(office, second_office, unit):
    path = lifecycle.send(path=ready(office, unit, "prefecture"), by=office.user)
    with pytest.raises(PermissionDenied):
        lifecycle.accept(path=path, by=office.user)
    assert lifecycle.accept(path=path, by=second_office.user).stage == Stage.ACTIVE


def test_the_only_training_officer_accepts_the_own(office, unit):
    path = lifecycle.send(path=ready(office, unit, "prefecture"), by=office.user)
    assert lifecycle.accept(path=path, by=office.user).stage == Stage.ACTIVE


def test_a_path_comes_back_with_a_comment(head, unit, office):
    path = lifecycle.send(path=ready(head, unit, "department"), by=head.user)
    with refused_with("comment_required"):
        lifecycle.give_back(path=path, by=office.user, comment=" ")
    back = lifecycle.give_back(path=path, by=office.user, comment="ねらいを一つにしてください。")
    assert back.stage == Stage.DRAFT
    assert path_permissions.last_comment(back) == "ねらいを一つにしてください。"


def test_what_waits_is_not_edited_until_it_is_taken_back(head, unit, office):
    path = lifecycle.send(path=ready(head, unit, "department"), by=head.user)
    with refused_with("path_in_review"):
        editing.edit_text(path=path, by=head.user, values={"title": "ほかの題"})
    lifecycle.recall(path=path, by=head.user)
    assert editing.edit_text(path=path, by=head.user, values={"title": "ほかの題"}).title == "ほかの題"


def test_a_retired_path_is_given_to_nobody_and_open_ones_go_on(head, unit):
    path = make_path(head, steps=[step()])
    given_one = give(path, make_staff(unit))
    lifecycle.retire(path=path, by=head.user)
    path.refresh_from_db()
    with refused_with("path_not_active"):
        plan(order=Order(path=path, start_on=clock.today()), people=[make_staff(unit)])
    only = outline(path.current_version()).steps[0]
    complete_step(assignment=given_one, step_uid=only.uid, by=given_one.person, evidence="やりました。")
    given_one.refresh_from_db()
    assert given_one.state == "completed"


@pytest.mark.parametrize("stage", Stage.values)
def test_only_the_moves_of_the_state_machine_exist(head, unit, office, stage):
    path = make_path(head, stage=stage, audience="department")
    moves = {"send": lifecycle.send, "recall": lifecycle.recall, "retire": lifecycle.retire}
    allowed = {"draft": {"send"}, "review": {"recall"}, "active": {"retire"}, "retired": set()}[stage]
    for name, move in moves.items():
        if name not in allowed:
            with refused_with("stage_moved_on"):
                move(path=path, by=head.user)


def test_widening_an_active_path_asks_the_training_office(head, unit, office):
    path = lifecycle.send(path=ready(head, unit), by=head.user)
    requested = lifecycle.change_audience(path=path, by=head.user, audience="department")
    assert (requested.audience, requested.requested_audience) == ("unit", "department")
    assert not review_queue.waiting_for(head.user).exists()
    assert lifecycle.accept(path=requested, by=office.user).audience == "department"


def test_narrowing_needs_nobody(head, unit, office):
    path = make_path(head, audience="department")
    assert lifecycle.change_audience(path=path, by=head.user, audience="unit").audience == "unit"


def test_an_unpublished_path_is_in_no_review_list_and_no_list_of_writings(head, unit):
    km = make_staff(make_unit(), duties=("km",))
    reviewer = make_staff(unit, duties=("reviewer",))
    path = ready(head, unit, "department")
    lifecycle.send(path=path, by=head.user)
    for person in (head, km, reviewer):
        assert not review_queue.waiting_for(person.user).exists()
        assert not Item.objects.visible_to(person.user).exists()
    assert not Item.objects.written_by(head).exists()


def test_the_text_of_an_active_path_is_published_as_a_revision(head):
    path = make_path(head)
    before = path.revisions.count()
    editing.edit_text(path=path, by=head.user, values={"title": "新しい題", "about": "## 進め方"})
    path.refresh_from_db()
    assert (path.title, path.revisions.count(), path.stage) == ("新しい題", before + 1, Stage.ACTIVE)
    assert "進め方" in path.rendered["about"]


# --- Versions -------------------------------------------------------------------------------------


def test_a_frozen_version_is_not_edited(head, unit):
    path = make_path(head)
    version = frozen(path, make_staff(unit))
    group = version.groups.get()
    for edit in (
        lambda: editing.edit_settings(version=version, by=head.user, values={"goal": "ほか"}),
        lambda: editing.save_group(version=version, by=head.user, values={"title": "ほか"}),
        lambda: editing.add_step(group=group, by=head.user, type="on_job", values=ON_JOB),
        lambda: editing.delete_step(step=version.steps.get(), by=head.user),
        lambda: editing.move_step(step=version.steps.get(), by=head.user, up=True),
        lambda: editing.move_group(group=group, by=head.user, up=True),
    ):
        with refused_with("version_frozen"):
            edit()


def test_the_next_version_keeps_the_uids_and_is_not_given_before_its_release(head, office, unit):
    path = make_path(head, steps=[step(title="一"), step(title="二")])
    first = frozen(path, make_staff(unit))
    second = versions.next_version(path=path, by=head.user)
    assert second.number == 2
    assert [s.uid for s in outline(second).steps] == [s.uid for s in outline(first).steps]
    assert path.current_version() == first
    versions.release(version=second, by=office.user)
    assert path.current_version() == second


def test_a_second_press_makes_no_third_version(head, unit):
    path = make_path(head)
    frozen(path, make_staff(unit))
    assert versions.next_version(path=path, by=head.user) == versions.next_version(path=path, by=head.user)


def test_a_head_releases_for_the_own_unit_only(head, unit, office):
    path = make_path(head, audience="department")
    frozen(path, make_staff(unit))
    second = versions.next_version(path=path, by=head.user)
    with refused_with("office_releases"):
        versions.release(version=second, by=head.user)
    versions.ask_release(version=second, by=head.user)
    assert office.notices.exists()


def second_version(path, by, office, **more):
    second = versions.next_version(path=path, by=by.user)
    group = second.groups.first()
    editing.add_step(group=group, by=by.user, type="on_job", values={**ON_JOB, **more})
    return versions.release(version=second, by=office.user)


def test_people_who_are_moved_keep_what_they_did(head, unit, office):
    path = make_path(head, steps=[step(title="一"), step(title="二")])
    person, other = make_staff(unit), make_staff(unit)
    frozen(path, person)
    row = person.assignments.get()
    complete_step(assignment=row, step_uid=outline(row.version).steps[0].uid, by=person, evidence="しました。")
    stays = give(path, other)
    second_version(path, head, office)
    assert versions.move_people(path=path, by=head.user, uids=[row.uid]) == 1
    row.refresh_from_db()
    stays.refresh_from_db()
    assert (row.version.number, row.steps_done, row.steps_needed, row.state) == (2, 1, 3, "in_progress")
    assert stays.version.number == 1
    assert path.versions.get(number=2).frozen_at is not None


def test_a_person_of_another_unit_among_the_moved_refuses_all(head, unit, office):
    path = make_path(head)
    mine, theirs = make_staff(unit), make_staff(make_unit("other"))
    frozen(path, mine)
    foreign = give(path, theirs)
    second_version(path, head, office)
    with pytest.raises(OutsideUnitError):
        versions.move_people(path=path, by=head.user, uids=[mine.assignments.get().uid, foreign.uid])
    assert mine.assignments.get().version.number == 1
    assert AuditEvent.objects.filter(action="assignment.refused").exists()


def test_what_somebody_learns_in_private_is_not_the_managers_to_move(head, unit, office):
    path = make_path(head)
    alone = give(path, make_staff(unit), source="self", reason="")
    frozen(path, make_staff(unit))
    second_version(path, head, office)
    assert alone not in versions.movable(path=path, by=head.user)
    assert alone not in versions.movable(path=path, by=office.user)


# --- Copies ---------------------------------------------------------------------------------------


def test_a_copy_has_its_origin_and_leaves_out_what_its_maker_cannot_read(head, unit):
    secret, shared = make_lesson(head), publish(lesson(audience="prefecture", title="共有の教訓"), head)
    path = make_path(head, steps=[read(secret), read(shared)])
    elsewhere = make_unit("fukushi", name="福祉課")
    other = make_staff(elsewhere, head=True)
    copied = versions.copy(path=path, by=other.user, unit_id=elsewhere.pk, audience="unit", title="福祉課の学習")
    assert (copied.copied_from, copied.owner_unit, copied.stage) == (path, elsewhere, Stage.DRAFT)
    assert [s.item_id for s in outline(copied.versions.get()).steps] == [None, shared.pk]


def test_a_path_that_is_not_readable_is_not_copied(head):
    path = make_path(head, audience="unit")
    elsewhere = make_unit("fukushi")
    with pytest.raises(PermissionDenied):
        versions.copy(
            path=path, by=make_staff(elsewhere, head=True).user, unit_id=elsewhere.pk, audience="unit", title="写し"
        )
    assert LearningPath.objects.count() == 1
