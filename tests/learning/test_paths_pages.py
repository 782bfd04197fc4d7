"""The pages of paths: catalogue, permalink, self-enrolment and the editor; who gets 404, and what is stored."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from learning.authoring import editing, lifecycle, versions
from learning.models import LearningPath, PathVersion, Stage, Step, StepGroup
from learning.paths.structure import outline
from learning.templatetags.standing import badge
from organization import clock
from tests.factories.kb import lesson, make_lesson, publish
from tests.factories.learning import check, give, make_course, make_path, read, step, take, write
from tests.factories.organization import make_post, make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(unit):
    return make_staff(unit)


@pytest.fixture
def office():
    return make_staff(make_unit("jinzai", name="人材育成課"), duties=("training",))


@pytest.fixture
def draft(head, unit):
    path = editing.create(by=head.user, unit_id=unit.pk, audience="unit", values={"title": "窓口の最初の一週間"})
    editing.save_group(version=path.versions.get(), by=head.user, values={"title": "はじめ"})
    return path


def get(client, person, name, *args, **query):
    client.force_login(person.user)
    return client.get(reverse(name, args=args), query)


def post(client, person, name, *args, **data):
    client.force_login(person.user)
    return client.post(reverse(name, args=args), data)


def text(response) -> str:
    return response.content.decode()


def body(response) -> str:
    """The page without its token and its address, which differ between requests."""
    return re.sub(r'value="[A-Za-z0-9]{64}"|/paths/[^<"]*', "", text(response))


# --- Catalogue and permalink ----------------------------------------------------------------------


def test_the_catalogue_names_active_paths_that_i_may_open_and_my_state(client, head, staff):
    mine = make_path(head, title="学習中のもの")
    give(mine, staff)
    make_path(head, title="作成中のもの", stage=Stage.DRAFT)
    make_path(make_staff(make_unit("other"), head=True), title="よその所属のもの", audience="unit")
    shown = text(get(client, staff, "paths"))
    assert "学習中のもの" in shown and "未着手" in shown
    assert "作成中のもの" not in shown and "よその所属のもの" not in shown


@pytest.mark.parametrize("late_by", [-1, 1])
def test_a_state_looks_in_the_catalogue_as_it_does_on_every_page(client, head, staff, late_by):
    today = clock.today()
    given = give(make_path(head), staff, assigned_on=today - timedelta(days=40), due_on=today - timedelta(days=late_by))
    assert badge(given.standing()) in text(get(client, staff, "paths"))


def test_an_empty_catalogue_says_what_to_do(client, head, staff):
    assert "教訓を探す" in text(get(client, staff, "paths"))
    assert "学習パスを作る" in text(get(client, head, "paths"))


def test_the_catalogue_asks_the_same_for_many_paths(client, head, django_assert_max_num_queries):
    for n in range(24):
        give(make_path(head, title=f"パス{n}"), head)
    client.force_login(head.user)
    with django_assert_max_num_queries(15):
        client.get(reverse("paths"))


def test_a_draft_is_named_to_its_builders_in_the_catalogue(client, head, staff, draft):
    assert draft.title in text(get(client, head, "paths"))
    assert draft.title not in text(get(client, staff, "paths"))


def test_what_waits_is_named_to_the_offices(client, head, unit, office):
    km = make_staff(make_unit(), duties=("km",))
    path = make_path(head, title="待っているもの", stage=Stage.REVIEW)
    for person in (office, km):
        assert "待っているもの" in text(get(client, person, "paths"))
        assert get(client, person, "path_build", path.public_id).status_code == 200


def test_the_page_shows_no_title_of_what_the_reader_cannot_open(client, head):
    narrow = make_lesson(head, title="ひみつの題")
    path = make_path(head, steps=[read(narrow, title="土のうを学ぶ")])
    reader = make_staff(make_unit("other"))
    shown = text(get(client, reader, "item", path.public_id))
    assert "ひみつの題" not in shown and "公開範囲のため題名を出していません" in shown
    assert "ひみつの題" in text(get(client, head, "item", path.public_id))


def test_the_page_of_a_path_stays_within_its_queries(client, head, django_assert_max_num_queries):
    steps = [
        read(make_lesson(head)),
        write(),
        take(make_course()),
        check(),
        step(),
        step("ask_person", post=make_post(make_unit())),
    ]
    path = make_path(head, steps=steps)
    path.copied_from = make_path(head)
    path.save(clean=False)
    client.force_login(head.user)
    with django_assert_max_num_queries(15):
        client.get(path.get_absolute_url())


def test_managers_alone_find_the_way_to_assigning(client, head, staff):
    path = make_path(head)
    way = f"{reverse('assign')}?path={path.public_id}"
    assert way in text(get(client, head, "item", path.public_id))
    assert way not in text(get(client, staff, "item", path.public_id))


def test_a_path_in_the_making_opens_in_its_builder_only(client, head, staff, draft):
    assert get(client, head, "item", draft.public_id).url == reverse("path_build", args=[draft.public_id])
    assert get(client, staff, "item", draft.public_id).status_code == 404


def test_the_origin_is_shown_to_who_may_open_it(client, head, unit):
    origin = make_path(head, audience="unit", title="もとの学習")
    copied = make_path(make_staff(make_unit("other"), head=True), title="写しの学習")
    copied.copied_from = origin
    copied.save(clean=False)
    assert "もとの学習" in text(get(client, head, "item", copied.public_id))
    stranger = text(get(client, make_staff(make_unit()), "item", copied.public_id))
    assert "もとの学習" not in stranger and "公開範囲の外" in stranger
    assert "写しの学習" in text(get(client, head, "item", origin.public_id))


def test_kbs_own_audience_and_withdrawal_screens_are_not_for_paths(client, head):
    path = make_path(head)
    for name in ("item_audience", "item_withdraw"):
        assert get(client, head, name, path.public_id).status_code == 404
    assert reverse("path_audience", args=[path.public_id]) in text(get(client, head, "item", path.public_id))


# --- Self-enrolment -------------------------------------------------------------------------------


def test_anyone_begins_a_path_in_one_press(client, head, staff):
    path = make_path(head)
    answer = post(client, staff, "path_enrol", path.public_id)
    row = staff.assignments.get()
    assert (row.source, row.shared, answer.url) == ("self", False, reverse("my_learning", args=[row.uid]))


def test_beginning_twice_says_why_not(client, head, staff):
    path = make_path(head)
    post(client, staff, "path_enrol", path.public_id)
    post(client, staff, "path_enrol", path.public_id)
    assert staff.assignments.count() == 1


def test_a_path_that_is_not_mine_to_open_cannot_be_begun(client, staff):
    path = make_path(make_staff(make_unit("other"), head=True), audience="unit")
    assert post(client, staff, "path_enrol", path.public_id).status_code == 404


# --- The editor -----------------------------------------------------------------------------------


def test_a_head_of_another_unit_meets_the_body_of_an_unknown_path(client, draft):
    foreign = make_staff(make_unit("other"), head=True)
    group = StepGroup.objects.get()
    unknown = get(client, foreign, "path_build", "LP-R07-99999")
    for name, args in (
        ("path_build", ()),
        ("path_text", ()),
        ("path_settings", ()),
        ("path_audience", ()),
        ("path_withdraw", ()),
        ("path_preview", ()),
        ("path_versions", ()),
        ("path_copy", ()),
        ("group_new", ()),
        ("group_edit", (group.pk,)),
        ("step_new", (group.pk, "on_job")),
    ):
        answer = get(client, foreign, name, draft.public_id, *args)
        assert answer.status_code == 404, name
        assert body(answer) == body(unknown), name
    assert post(client, foreign, "path_act", draft.public_id, "send").status_code == 404


def test_staff_meet_404_where_paths_are_made(client, staff):
    assert get(client, staff, "path_new").status_code == 404


def test_a_path_is_made_from_nothing_to_active_on_the_screens(client, head, unit):
    answer = post(
        client,
        head,
        "path_new",
        title="窓口の最初の一週間",
        unit=str(unit.uid),
        audience="unit",
        state="published",
        stage="active",
    )
    path = LearningPath.objects.get()
    assert answer.url == reverse("path_build", args=[path.public_id])
    assert (path.stage, path.live) == (Stage.DRAFT, False)
    post(client, head, "path_settings", path.public_id, goal="一人で立てる。", due_kind="assigned", due_days="３０")
    post(client, head, "group_new", path.public_id, title="はじめ", rule="all")
    group = StepGroup.objects.get()
    answer = post(
        client,
        head,
        "step_new",
        path.public_id,
        group.pk,
        "on_job",
        title="窓口に立つ",
        why="一人で答えられるように。",
        minutes="30",
        required="on",
        completion="confirm",
        task="一件",
        place="x",
        held_on="2026-01-01",
    )
    created = Step.objects.get()
    assert answer.url.endswith(f"#step-{created.uid}")
    assert (created.completion, created.place, created.held_on) == ("confirm", "", None)
    post(client, head, "path_act", path.public_id, "send")
    path.refresh_from_db()
    assert (path.stage, path.current_version().due_days) == (Stage.ACTIVE, 30)


def test_a_form_that_is_not_right_keeps_what_was_typed(client, head, draft):
    answer = post(client, head, "path_settings", draft.public_id, goal="残るはずのねらい", due_kind="fixed", due_on="")
    assert answer.status_code == 422
    assert "残るはずのねらい" in text(answer) and "日付を入れてください" in text(answer)


def test_more_than_the_group_has_is_refused_at_its_field(client, head, draft):
    group = StepGroup.objects.get()
    editing.add_step(group=group, by=head.user, type="on_job", values={"title": "一", "why": "なぜ", "task": "一件"})
    answer = post(client, head, "group_edit", draft.public_id, group.pk, title="はじめ", rule="any", any_n="5")
    assert answer.status_code == 422 and "1までの数" in text(answer)


def test_an_empty_path_is_not_opened(client, head, draft):
    client.force_login(head.user)
    answer = client.post(reverse("path_act", args=[draft.public_id, "send"]), follow=True)
    assert "ステップがありません" in text(answer)
    draft.refresh_from_db()
    assert draft.stage == Stage.DRAFT


def test_a_frozen_version_says_what_to_do_instead(client, head, staff):
    path = make_path(head)
    PathVersion.objects.update(frozen_at="2025-01-01T00:00:00Z")
    assert "次の版を作る" in text(get(client, head, "path_build", path.public_id))
    answer = post(client, head, "path_settings", path.public_id, goal="x", due_kind="assigned", due_days="3")
    assert answer.status_code == 422 and "次の版を作る" in text(answer)
    post(client, head, "path_act", path.public_id, "next")
    assert path.versions.count() == 2


LOOK = {"title": "読む", "why": "同じ失敗をしないため。", "minutes": "5", "required": "on", "completion": "self"}


def test_a_reading_is_looked_up_and_what_was_typed_stays(client, head, draft):
    group = StepGroup.objects.get()
    mine = make_lesson(head, title="土のうは前日に積む")
    make_lesson(make_staff(make_unit("other")), title="土のうの秘密")
    results = post(client, head, "step_new", draft.public_id, group.pk, "read", **LOOK, find="土のう", look_up="1")
    assert results.status_code == 200 and not Step.objects.exists()
    assert "土のうは前日に積む" in text(results) and "土のうの秘密" not in text(results)
    assert "同じ失敗をしないため。" in text(results)
    post(client, head, "step_new", draft.public_id, group.pk, "read", **LOOK, find="土のう", found=mine.public_id)
    assert Step.objects.get().item_id == mine.pk


def test_a_pasted_permalink_is_a_choice(client, head, draft):
    group, mine = StepGroup.objects.get(), make_lesson(head)
    post(
        client,
        head,
        "step_new",
        draft.public_id,
        group.pk,
        "read",
        **LOOK,
        find=f"https://manabi.example/k/{mine.public_id}/",
    )
    assert Step.objects.get().item_id == mine.pk


def test_a_reading_of_others_is_not_found(client, head, draft):
    group, theirs = StepGroup.objects.get(), make_lesson(make_staff(make_unit("other")))
    answer = post(client, head, "step_new", draft.public_id, group.pk, "read", **LOOK, found=theirs.public_id)
    assert answer.status_code == 422 and not Step.objects.exists()


def test_a_reading_chosen_by_another_stays_when_its_title_may_not_be_known(client, head, unit, office, draft):
    hidden = make_lesson(office, title="研修担当だけの題")
    editing.add_step(
        group=StepGroup.objects.get(),
        by=office.user,
        type="read",
        values={"title": "読む", "why": "なぜ", "item": hidden},
    )
    created = Step.objects.get()
    assert "研修担当だけの題" not in text(get(client, head, "step_edit", draft.public_id, created.uid))
    post(client, head, "step_edit", draft.public_id, created.uid, **{**LOOK, "title": "新しい題"})
    created.refresh_from_db()
    assert (created.title, created.item_id) == ("新しい題", hidden.pk)


def test_a_post_is_looked_up_by_unit_and_title(client, head, draft):
    group, wanted = StepGroup.objects.get(), make_post(make_unit("doro", name="道路課"), title="課長補佐")
    results = post(
        client, head, "step_new", draft.public_id, group.pk, "ask_person", **LOOK, find="道路 補佐", look_up="1"
    )
    assert "道路課 課長補佐" in text(results) and "今はだれもいません" in text(results)
    post(client, head, "step_new", draft.public_id, group.pk, "ask_person", **LOOK, found=str(wanted.uid))
    assert Step.objects.get().post == wanted


def test_a_quiz_keeps_the_answer_when_choices_are_left_out(client, head, draft):
    quiz = {
        "question_0": "だれに知らせますか。",
        "choice_0_0": "所属長",
        "choice_0_2": "だれにも",
        "answer_0": "2",
        "note_0": "",
    }
    post(client, head, "step_new", draft.public_id, StepGroup.objects.get().pk, "check", **LOOK, **quiz)
    assert Step.objects.get().quiz == [
        {"question": "だれに知らせますか。", "choices": ["所属長", "だれにも"], "answer": 1, "note": ""}
    ]


@pytest.mark.parametrize("left_out", ["question_0", "choice_0_1", "answer_0"])
def test_a_quiz_that_cannot_be_answered_is_refused(client, head, draft, left_out):
    quiz = {"question_0": "？", "choice_0_0": "一", "choice_0_1": "二", "answer_0": "0"}
    answer = post(
        client, head, "step_new", draft.public_id, StepGroup.objects.get().pk, "check", **LOOK, **{**quiz, left_out: ""}
    )
    assert answer.status_code == 422 and not Step.objects.exists()


@pytest.mark.parametrize("type", ["read", "write_retro", "course", "on_job", "ask_person", "check", "event"])
def test_every_type_has_a_form_for_new_and_for_change(client, head, draft, type):
    group = StepGroup.objects.get()
    assert get(client, head, "step_new", draft.public_id, group.pk, type).status_code == 200
    row = Step.objects.create(version=group.version, group=group, order=0, type=type, title="題", why="なぜ")
    assert get(client, head, "step_edit", draft.public_id, row.uid).status_code == 200


def test_moving_comes_back_to_the_step(client, head, draft):
    group = StepGroup.objects.get()
    for name in "ab":
        editing.add_step(
            group=group, by=head.user, type="on_job", values={"title": name, "why": "なぜ", "task": "一件"}
        )
    second = Step.objects.get(title="b")
    answer = post(client, head, "step_act", draft.public_id, second.uid, "up")
    assert answer.url.endswith(f"#step-{second.uid}")
    assert [s.title for s in outline(draft.versions.get()).steps] == ["b", "a"]


def test_the_builders_page_stays_within_its_queries(client, head, django_assert_max_num_queries):
    groups = [("all", 1, [read(make_lesson(head)), write(), step(), check()]) for _ in range(5)]
    path = make_path(head, stage=Stage.DRAFT, groups=groups)
    client.force_login(head.user)
    with django_assert_max_num_queries(15):
        client.get(reverse("path_build", args=[path.public_id]))


def test_the_preview_says_what_some_cannot_read_and_names_nothing_more(client, head):
    path = make_path(head, stage=Stage.DRAFT, steps=[read(make_lesson(head, title="題が出る"))])
    shown = text(get(client, head, "path_preview", path.public_id))
    assert "プレビュー" in shown and "題が出る" in shown and "とばせる" in shown


def test_chosen_people_are_moved_on_the_screen(client, head, staff):
    path = make_path(head, audience="unit")
    row = give(path, staff)
    PathVersion.objects.update(frozen_at="2025-01-01T00:00:00Z")
    second = versions.next_version(path=path, by=head.user)
    versions.release(version=second, by=head.user)
    assert staff.name in text(get(client, head, "path_versions", path.public_id))
    assert post(client, head, "path_versions", path.public_id).status_code == 422
    post(client, head, "path_versions", path.public_id, people=[str(row.uid)])
    row.refresh_from_db()
    assert row.version == second


def test_moving_a_stranger_is_answered_like_an_unknown_page(client, head, staff):
    path = make_path(head)
    outside = give(path, make_staff(make_unit("other")))
    PathVersion.objects.update(frozen_at="2025-01-01T00:00:00Z")
    versions.release(
        version=versions.next_version(path=path, by=head.user), by=make_staff(make_unit(), duties=("training",)).user
    )
    assert post(client, head, "path_versions", path.public_id, people=[str(outside.uid)]).status_code == 404


def test_a_path_is_copied_on_the_screen(client, head, unit):
    path = make_path(head, steps=[read(publish(lesson(audience="prefecture"), head))])
    elsewhere = make_unit("fukushi", name="福祉課")
    other = make_staff(elsewhere, head=True)
    post(client, other, "path_copy", path.public_id, title="福祉課の学習", unit=str(elsewhere.uid), audience="unit")
    copied = LearningPath.objects.get(copied_from=path)
    assert path.title in text(get(client, other, "path_build", copied.public_id))


def test_a_return_needs_words(client, head, office):
    path = make_path(head, stage=Stage.REVIEW)
    post(client, office, "path_act", path.public_id, "return", comment="")
    path.refresh_from_db()
    assert path.stage == Stage.REVIEW
    post(client, office, "path_act", path.public_id, "return", comment="ねらいを書いてください。")
    assert "ねらいを書いてください。" in text(get(client, head, "path_build", path.public_id))


def test_a_path_in_the_making_is_withdrawn_with_a_reason(client, head, draft):
    assert post(client, head, "path_withdraw", draft.public_id, comment="").status_code == 422
    post(client, head, "path_withdraw", draft.public_id, comment="別の学習にまとめたため。")
    draft.refresh_from_db()
    assert draft.state == "withdrawn"
    assert get(client, head, "path_build", draft.public_id).status_code == 404


def test_a_head_asks_before_a_path_is_read_wider(client, head, unit, draft):
    editing.add_step(
        group=StepGroup.objects.get(),
        by=head.user,
        type="on_job",
        values={"title": "一", "why": "なぜ", "task": "一件"},
    )
    lifecycle.send(path=draft, by=head.user)
    post(client, head, "path_audience", draft.public_id, audience="department")
    draft.refresh_from_db()
    assert (draft.audience, draft.requested_audience) == ("unit", "department")
    assert post(client, head, "path_audience", draft.public_id, audience="prefecture").status_code == 422


def test_a_step_is_deleted_from_its_own_page(client, head, draft):
    editing.add_step(
        group=StepGroup.objects.get(),
        by=head.user,
        type="on_job",
        values={"title": "一", "why": "なぜ", "task": "一件"},
    )
    created = Step.objects.get()
    way = reverse("step_act", args=[draft.public_id, created.uid, "delete"])
    assert way in text(get(client, head, "step_edit", draft.public_id, created.uid))
    client.post(way)
    assert not Step.objects.exists()


def test_the_knowledge_office_reads_a_path_and_does_not_change_it(client, head, office):
    path = make_path(head, audience="prefecture")
    km = make_staff(make_unit(), duties=("km",))
    assert reverse("path_build", args=[path.public_id]) not in text(get(client, km, "item", path.public_id))


@pytest.mark.parametrize("number", ["LP-R07-0000", "LP-R07-99999", "%00", "あ", "L-R07-00001"])
def test_odd_numbers_are_unknown(client, head, number):
    client.force_login(head.user)
    for way in ("build/", "copy/", "preview/"):
        assert client.get(f"/paths/{number}/{way}").status_code == 404
    assert client.post(f"/paths/{number}/enrol/").status_code == 404


@pytest.mark.parametrize("broken", ["\x00", "x" * 500, "<script>", "=1+1"])
@pytest.mark.parametrize("type", ["read", "course", "ask_person", "check", "event"])
def test_odd_values_come_back_with_a_sentence(client, head, draft, type, broken):
    names = ("title", "find", "found", "course", "completion", "minutes", "question_0", "answer_0", "held_on")
    answer = post(
        client, head, "step_new", draft.public_id, StepGroup.objects.get().pk, type, **dict.fromkeys(names, broken)
    )
    assert answer.status_code == 422 and not Step.objects.exists()


def test_posts_of_one_title_are_told_apart_by_who_holds_them(client, head, draft):
    doro = make_unit("doro", name="道路課")
    people = [make_staff(doro, title="係長") for _ in range(2)]
    group = StepGroup.objects.get()
    results = post(
        client, head, "step_new", draft.public_id, group.pk, "ask_person", **LOOK, find="道路 係長", look_up="1"
    )
    assert all(f"今は{person.name}さん" in text(results) for person in people)


def test_the_page_of_a_path_leads_its_builders_to_the_builder(client, head, staff):
    path = make_path(head, steps=[step()])
    address = f'href="{reverse("path_build", args=[path.public_id])}"'
    assert address in text(get(client, head, "item", path.public_id))
    assert address not in text(get(client, staff, "item", path.public_id))


def test_sending_a_path_of_the_own_unit_says_that_it_is_published(client, head):
    path = make_path(head, steps=[step()], stage="draft", audience="unit")
    client.force_login(head.user)
    answer = client.post(reverse("path_act", args=[path.public_id, "send"]), follow=True)
    assert "公開しました" in text(answer)
