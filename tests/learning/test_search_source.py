"""Search finds paths and courses, each once, under the access policy."""

import pytest
from django.core.management import call_command

from kb.lifecycle import publication
from kb.models import Item
from learning.models import LearningPath, PathVersion, Stage, Step, TrainingCourse
from learning.search_source import CourseSource, PathSource
from organization.access_policy import reader_for
from search.access import database_fallback
from search.generations import compare, rebuild
from search.models import PendingChange
from search.pipeline import run
from search.query import parse
from search.registry import source_for, sources
from search.signals import _affected_by
from search.suggest import suggest
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.learning import make_course, make_path, read, step, take
from tests.factories.organization import make_municipal_staff, make_municipality, make_staff, make_unit
from tests.search.conftest import find, index, refresh  # noqa: F401 -- fixtures

pytestmark = pytest.mark.django_db


@pytest.fixture
def stranger():
    return make_staff(make_unit("zaisei", name="財政課")).user


def facets(user, text=""):
    result = run(parse({"q": [text]}), user)
    return {facet.name: {value.code: value.count for value in facet.values} for facet in result.facets}


# --- One source for each row -----------------------------------------------------------------


def test_the_nearest_source_holds_a_subclass_of_item():
    assert source_for(LearningPath).name == "path"
    assert source_for(Item).name == "item"
    assert source_for(TrainingCourse).name == "course"


def test_a_saved_path_is_a_change_of_the_path_alone(head):
    path = make_path(head)
    PendingChange.objects.all().delete()
    path.save()
    assert {(row.source, row.object_pk) for row in PendingChange.objects.all()} == {("path", str(path.pk))}


def test_a_saved_lesson_is_no_change_of_paths_that_do_not_use_it(head):
    assert [name for name, _ in _affected_by(type(make_lesson(head)))].count("item") == 1
    PendingChange.objects.all().delete()
    make_lesson(head).save()
    assert set(PendingChange.objects.values_list("source", flat=True)) == {"item"}


def test_moving_the_container_of_paths_queues_each_path_once(head):
    path = make_path(head)
    PendingChange.objects.all().delete()
    from search.signals import _moved

    _moved(path.get_parent())
    assert [(row.source, row.object_pk) for row in PendingChange.objects.all()] == [("path", str(path.pk))]


def test_rebuilding_counts_a_path_once_and_finds_no_difference(index, head):  # noqa: F811
    path = make_path(head)
    rebuild(index)
    assert [key for key, _ in index.entries() if key.endswith(f":{path.pk}")] == [f"path:{path.pk}"]
    assert not compare(index)


def test_a_change_that_calls_a_path_an_item_leaves_nothing_in_the_index(index, refresh, head):  # noqa: F811
    path = make_path(head)
    PendingChange.objects.enqueue("item", [path.pk])
    refresh()
    assert [key for key, _ in index.entries()] == [f"path:{path.pk}"]
    call_command("search_verify")


def test_the_database_alone_finds_a_path_once(head):
    make_path(head, title="災害応援に行く前に")
    results = database_fallback(head.user, ["災害応援"], 10)
    assert [result.card.type for result in results] == ["learningpath"]


# --- Found -----------------------------------------------------------------------------------


def test_a_path_is_found_by_its_title_its_goal_and_its_steps(refresh, find, head):  # noqa: F811
    make_path(head, title="災害応援に行く前に", steps=[step(title="寝袋を自分で畳む", why="朝は時間がない")])
    refresh()
    for words in ("災害応援", "窓口に立てる", "寝袋", "学習パス"):
        assert find(head.user, words) == ["災害応援に行く前に"], words


def test_a_course_is_found_by_what_it_teaches_and_by_its_number(refresh, find, head):  # noqa: F811
    make_course("K-210", title="個人情報の取扱い", about="漏えいの初動を、例で練習します。")
    refresh()
    assert find(head.user, "漏えい 初動") == find(head.user, "K-210") == ["個人情報の取扱い"]


def test_the_facet_of_types_names_both(refresh, head, client):  # noqa: F811
    make_path(head, title="個人情報を扱う人へ")
    make_course(title="個人情報の取扱い研修")
    refresh()
    client.force_login(head.user)
    page = client.get("/search/", {"q": "個人情報"}).content.decode()
    assert 'value="learningpath"' in page and 'value="course"' in page
    assert "kb-type--course" in page and "kb-type--learningpath" in page
    assert "学習パス" in page and ">研修" in page


def test_a_filter_by_type_leaves_the_paths(refresh, find, head):  # noqa: F811
    make_path(head, title="個人情報を扱う人へ")
    make_course(title="個人情報の取扱い研修")
    refresh()
    assert find(head.user, "個人情報", type="learningpath") == ["個人情報を扱う人へ"]


def test_titles_of_paths_and_courses_are_suggested(refresh, head):  # noqa: F811
    make_path(head, title="個人情報を扱う人へ")
    make_course(title="個人情報の取扱い研修")
    refresh()
    suggestions = {(suggestion.label, suggestion.kind) for suggestion in suggest("個人情", head.user)}
    assert suggestions == {("個人情報を扱う人へ", "学習パス"), ("個人情報の取扱い研修", "研修")}


def test_a_new_step_is_found_as_soon_as_the_worker_has_run(refresh, find, head):  # noqa: F811
    path = make_path(head)
    refresh()
    version = path.current_version()
    Step.objects.create(
        version=version, group=version.groups.get(), order=9, type="on_job", title="鍵の束を数える", why="夜のため"
    )
    refresh()
    assert find(head.user, "鍵の束") == [path.title]


def test_a_shared_training_report_is_found(refresh, find, head, stranger):  # noqa: F811
    make_retrospective(
        head,
        format="training",
        title="地図の講座の報告",
        audience="prefecture",
        answers=(("learned", "縮尺をそろえる。"),),
    )
    refresh()
    assert find(stranger, "縮尺") == ["地図の講座の報告"]


# --- Not found -------------------------------------------------------------------------------


def test_a_path_of_another_unit_is_in_no_result_facet_or_suggestion(refresh, find, head, stranger):  # noqa: F811
    make_path(head, title="防災倉庫の鍵", audience="unit")
    refresh()
    assert find(stranger, "防災倉庫") == []
    assert facets(stranger, "防災倉庫").get("type", {}) == {}
    assert suggest("防災倉", stranger) == []
    assert database_fallback(stranger, ["防災倉庫"], 10) == []
    assert find(head.user, "防災倉庫") == ["防災倉庫の鍵"]


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.REVIEW])
def test_a_draft_path_is_nowhere(refresh, find, head, index, stage):  # noqa: F811
    make_path(head, title="書きかけの道すじ", stage=stage)
    refresh()
    assert list(index.entries()) == []
    assert find(head.user, "書きかけ") == [] == suggest("書きか", head.user)
    assert database_fallback(head.user, ["書きかけ"], 10) == []


def test_a_draft_of_the_next_version_is_not_found(refresh, find, head):  # noqa: F811
    path = make_path(head)
    PathVersion.objects.create(path=path, number=2, goal="まだ秘密の目標")
    refresh()
    assert find(head.user, "秘密の目標") == []


def test_a_path_that_ended_is_gone(refresh, find, head):  # noqa: F811
    path = make_path(head, title="古い道すじ")
    refresh()
    path.stage = Stage.RETIRED
    path.save()
    assert find(head.user, "古い道すじ") == []  # gate two hides it before the worker has run
    refresh()
    assert find(head.user, "古い道すじ") == []


def test_a_withdrawn_path_is_gone(refresh, find, head):  # noqa: F811
    path = make_path(head, title="古い道すじ")
    refresh()
    publication.withdraw(item=path, user=head.user, reason="新しいものに替えました。")
    refresh()
    assert find(head.user, "古い道すじ") == []


def test_a_retired_course_is_gone(refresh, find, head):  # noqa: F811
    course = make_course(title="表計算の基礎")
    refresh()
    course.retired = True
    course.save()
    refresh()
    assert find(head.user, "表計算") == []


def test_a_course_is_not_for_municipal_staff(refresh, find):  # noqa: F811
    make_course(title="表計算の基礎")
    town = make_municipal_staff(make_municipality(name="星守市")).user
    refresh()
    assert find(town, "表計算") == [] == suggest("表計", town)


def test_a_step_that_not_all_readers_may_open_says_nothing(refresh, find, head, stranger, client):  # noqa: F811
    closed = make_lesson(head, title="倉庫の暗証番号")
    path = make_path(
        head, steps=[read(closed, title="倉庫の暗証番号を読む", why="暗証の決まり"), step(title="棚を数える")]
    )
    refresh()
    assert find(stranger, "暗証") == []
    assert find(stranger, "棚を数える") == [path.title]
    assert "暗証" not in client.get("/search/", {"q": "棚を数える"}).content.decode()


def test_a_step_is_forgotten_when_its_item_is_narrowed(refresh, find, head, stranger):  # noqa: F811
    open_one = publication.publish(item=make_lesson(head, audience="prefecture"))
    path = make_path(head, steps=[read(open_one, title="土のうの数え方")])
    refresh()
    assert find(stranger, "土のうの数え方")[0] == path.title
    publication.change_audience(item=open_one, user=head.user, audience="self")
    refresh()
    assert find(stranger, "数え方") == []


# --- Queries ---------------------------------------------------------------------------------


def test_cards_ask_no_more_for_ten_paths_than_for_two(head, django_assert_max_num_queries):
    course, lesson = make_course(), publication.publish(item=make_lesson(head, audience="prefecture"))
    paths = [make_path(head, title=f"道すじ{n}", steps=[take(course), step(), read(lesson)]) for n in range(10)]
    reader_for(head.user)  # on a page it is cached by now
    for some in (paths[:2], paths):
        with django_assert_max_num_queries(5):
            PathSource().cards(head.user, [path.pk for path in some])


def test_cards_of_courses_take_one_query(head, django_assert_max_num_queries):
    created = [make_course(f"S{n}") for n in range(10)]
    reader_for(head.user)
    with django_assert_max_num_queries(1):
        assert len(CourseSource().cards(head.user, [course.pk for course in created])) == 10


def test_every_source_of_learning_is_registered():
    assert {"path", "course"} <= set(sources())
