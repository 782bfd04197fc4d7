"""A text that was written for a path links back to the path, only for its author."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kb.lifecycle import publication
from kb.models import Item, Retrospective
from learning.models import AssignmentState
from organization import clock
from tests.factories.kb import make_retrospective
from tests.factories.learning import give, make_path, step, write
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db
DONE = "学習パスのステップが、すみになりました"
WAITS = "確認がすむと、学習パスのステップがすみになります"


@pytest.fixture
def mine(head, me):
    return give(make_path(head, steps=[write("kpt", title="訓練をふりかえる"), step()]), me)


def shown(client, item, person):
    client.force_login(person.user)
    answer = client.get(item.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_after_publishing_names_the_step_and_leads_back(client, me, mine):
    page = shown(client, make_retrospective(me), me)
    back = f"{reverse('my_learning', args=[mine.uid])}#step-{mine.version.steps.first().uid}"
    assert DONE in page
    assert "「新任職員の最初の100日」の「訓練をふりかえる」" in page
    assert back in page
    assert page.index(DONE) < page.index("前日に役割を紙で配った")


def test_the_text_that_ends_a_path_leads_to_the_end_of_it(client, head, me):
    given = give(make_path(head, steps=[write("kpt", title="訓練をふりかえる")]), me)
    page = shown(client, make_retrospective(me), me)
    assert "学習パスを、すべて終えました" in page
    assert f"{reverse('my_learning', args=[given.uid])}#done" in page
    assert DONE not in page


@pytest.mark.parametrize("attribution", ["named", "post_only", "unit_only"])
def test_nobody_else_is_told_what_it_was_written_for(client, head, me, mine, attribution):
    item = make_retrospective(me, attribution=attribution)
    assert DONE in shown(client, item, me)
    same = make_staff(mine.path.owner_unit)
    give(mine.path, same)
    make_retrospective(same, attribution=attribution)
    for other in (head, same, make_staff(make_unit("jinji"), duties=("training", "km"))):
        client.force_login(other.user)
        page = client.get(item.get_absolute_url()).content.decode()
        assert str(mine.uid) not in page
        assert "学習パスのステップ" not in page


def test_what_waits_for_its_reviewer_says_that_the_step_waits_too(client, head, me, mine):
    item = publication.create(item=Retrospective(title="夏の訓練", format="kpt", audience="prefecture"), by=me)
    publication.submit(item=item, by=me)
    page = shown(client, Item.objects.get(pk=item.pk), me)
    assert WAITS in page
    assert DONE not in page
    assert str(mine.uid) in page
    assert str(mine.uid) not in shown(client, item, head)


def test_another_format_and_a_text_from_before_lead_nowhere(client, me, head):
    before = make_retrospective(me)
    with clock.moved_to(clock.today() + timedelta(days=1)):
        give(make_path(head, steps=[write("kpt")]), me)
        for item in (before, make_retrospective(me, format="ywt")):
            assert "学習パスのステップ" not in shown(client, item, me)


def test_a_second_text_does_not_say_that_it_did_what_the_first_did(client, me, mine):
    first, second = make_retrospective(me), make_retrospective(me)
    assert DONE in shown(client, first, me)
    assert DONE not in shown(client, second, me)


def test_a_path_that_was_given_up_is_not_led_back_to(client, me, mine):
    item = make_retrospective(me)
    mine.state, mine.closed_on = AssignmentState.CANCELLED, clock.today()
    mine.save()
    assert DONE not in shown(client, item, me)


def test_it_asks_no_more_for_six_paths_than_for_one(client, me, mine, head, django_assert_max_num_queries):
    item = make_retrospective(me)
    shown(client, item, me)
    with CaptureQueriesContext(connection) as one:
        client.get(item.get_absolute_url())
    for n in range(5):
        give(make_path(head, title=f"別の学習{n}", steps=[write("kpt")]), me)
    with django_assert_max_num_queries(len(one)):
        client.get(item.get_absolute_url())
