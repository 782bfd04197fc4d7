"""The way of an item from its author to its readers, and back."""

import re
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from kb.lifecycle import publication
from kb.models import Item, Lesson, YearPage
from kb.models.items.identifiers import next_public_id
from kb.models.items.item import PUBLIC_ID
from kb.models.items.states import State
from kb.review import decisions
from kb.writing import promotion
from organization import clock
from organization.models import AuditEvent, Notice
from tests.errors import refused_with
from tests.factories.kb import lesson, make_lesson, make_retrospective, publish, send, write
from tests.factories.organization import add_version, make_department, make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit():
    return make_unit("bosai", name="防災課", parent=make_department("kiki", name="危機管理部"))


@pytest.fixture
def author(unit):
    return make_staff(unit, login="author", title="主任")


@pytest.fixture
def reviewer(unit):
    return make_staff(unit, login="reviewer", title="課長補佐", duties=("reviewer",))


@pytest.fixture
def outsider():
    return make_staff(make_unit("zeimu", name="税務課"), login="outsider")


def seen_by(person, item) -> bool:
    return Item.objects.visible_to(person.user).filter(pk=item.pk).exists()


# --- Sending ---------------------------------------------------------------------------------


def test_what_is_for_ones_own_unit_is_readable_at_once(author, outsider):
    colleague = make_staff(author.appointments.get().post.unit)
    item = make_lesson(author, audience="unit")
    assert item.state == State.PUBLISHED
    assert seen_by(colleague, item)
    assert not seen_by(outsider, item)


def test_what_is_for_oneself_is_readable_by_nobody_else(author, reviewer):
    item = make_lesson(author, audience="self")
    assert seen_by(author, item)
    assert not seen_by(reviewer, item)


@pytest.mark.parametrize("audience", ["department", "prefecture", "municipal"])
def test_what_goes_wider_than_the_unit_waits_unseen(author, outsider, audience):
    item = make_lesson(author, audience=audience)
    assert item.state == State.SUBMITTED
    assert not item.live
    assert not seen_by(outsider, item)


def test_the_reviewer_of_the_unit_is_told_of_what_waits(author, reviewer):
    make_lesson(author, audience="prefecture", title="橋の点検は潮を見て")
    assert "橋の点検は潮を見て" in Notice.objects.get(person=reviewer).text


def test_nobody_but_the_author_sends_an_item(author, outsider):
    item = write(lesson(), author)
    with pytest.raises(PermissionDenied):
        publication.submit(item=item, by=outsider)


def test_an_item_is_not_sent_twice(author):
    item = make_lesson(author)
    with refused_with("cannot_submit"):
        publication.submit(item=item, by=author)


def test_who_holds_no_post_today_is_told_whom_to_ask(author):
    author.appointments.update(ends_on=clock.today() - timedelta(days=1))
    with refused_with("no_post"):
        write(lesson(), author)


# --- Withdrawal ------------------------------------------------------------------------------


def test_a_withdrawn_item_leaves_a_tombstone_that_gives_the_reason(client, author):
    item = make_lesson(author)
    publication.withdraw(item=item, user=author.user, reason="数字の出どころが誤っていました。")
    client.force_login(author.user)
    response = client.get(item.get_absolute_url())
    assert response.status_code == 410
    assert "数字の出どころが誤っていました。" in response.content.decode()
    assert item.observation not in response.content.decode()


def test_a_withdrawn_item_is_still_in_the_database(author):
    item = make_lesson(author)
    publication.withdraw(item=item, user=author.user, reason="古くなりました。")
    row = Lesson.objects.get(pk=item.pk)
    assert (row.state, row.live) == (State.WITHDRAWN, False)


def test_a_withdrawal_without_a_reason_is_refused(author):
    item = make_lesson(author)
    with refused_with("reason_required"):
        publication.withdraw(item=item, user=author.user, reason=" ")


def test_what_still_waits_can_be_withdrawn(author):
    item = make_lesson(author, audience="prefecture")
    publication.withdraw(item=item, user=author.user, reason="書き直します。")
    assert item.state == State.WITHDRAWN


def test_an_item_is_not_withdrawn_by_somebody_of_another_unit(author, outsider):
    item = publish(lesson(audience="prefecture"), author)
    with pytest.raises(PermissionDenied):
        publication.withdraw(item=item, user=outsider.user, reason="気に入りません。")


def test_every_move_leaves_an_audit_event(author, reviewer):
    item = make_lesson(author, audience="prefecture")
    decisions.accept(item=item, user=reviewer.user)
    publication.withdraw(item=item, user=author.user, reason="古くなりました。")
    actions = list(
        AuditEvent.objects.filter(action__startswith="item.").order_by("pk").values_list("action", flat=True)
    )
    assert actions == ["item.submitted", "item.accepted", "item.withdrawn"]


# --- Who is named, and what a revision may bring back -----------------------------------------


def test_page_and_revision_belong_to_the_service_account(author, service_account):
    item = make_lesson(author)
    assert item.owner == service_account
    assert set(item.revisions.values_list("user", flat=True)) == {service_account.pk}


def test_an_old_revision_does_not_bring_back_the_old_audience(author):
    item = publish(lesson(audience="prefecture", title="はじめの題"), author)
    old = item.latest_revision
    publication.change_audience(item=item, user=author.user, audience="unit")
    item.title = "あとの題"
    publication.publish(item=item)
    old.publish(skip_permission_checks=True)
    item.refresh_from_db()
    assert (item.title, item.audience) == ("はじめの題", "unit")


def test_an_edit_after_publishing_makes_a_new_revision_and_keeps_the_id(author):
    item = make_lesson(author)
    before = item.public_id
    item.title = "土のうは二日前に積んでおく"
    publication.publish(item=item)
    item.refresh_from_db()
    assert (item.public_id, item.revisions.count()) == (before, 2)


# --- Ids and years ---------------------------------------------------------------------------


def test_every_item_has_an_id_of_its_own_in_the_format_of_permanent_ids(author):
    ids = [write(lesson(title=f"教訓{n}"), author).public_id for n in range(3)]
    assert len(set(ids)) == 3
    assert all(re.match(PUBLIC_ID, public_id) for public_id in ids)


def test_an_id_is_counted_by_prefix_and_fiscal_year():
    assert next_public_id("L", registered_in=2025) == "L-R07-00001"
    assert next_public_id("L", registered_in=2025) == "L-R07-00002"
    assert next_public_id("C", registered_in=2025) == "C-R07-00001"
    assert next_public_id("L", registered_in=2018) == "L-H30-00001"


def test_the_number_of_an_item_that_was_not_stored_is_not_given_again(author):
    first = write(lesson(), author)
    first.delete()
    assert write(lesson(), author).public_id != first.public_id


@pytest.mark.parametrize(("day", "year"), [(date(2025, 3, 31), 2024), (date(2025, 4, 1), 2025)])
def test_the_fiscal_year_turns_on_the_first_of_april(author, day, year):
    assert write(lesson(occurred_on=day), author).fiscal_year == year


def test_a_corrected_date_does_not_move_the_fiscal_year(author):
    item = make_lesson(author, occurred_on=date(2025, 4, 1))
    item.occurred_on = date(2025, 3, 31)
    publication.publish(item=item)
    item.refresh_from_db()
    assert item.fiscal_year == 2025


def test_an_item_lies_in_the_container_of_its_year_of_registration(author):
    item = publication.create(item=lesson(), by=author, registered_in=2023)
    parent = item.get_parent().specific
    assert isinstance(parent, YearPage)
    assert parent.fiscal_year == 2023
    assert item.public_id.startswith("L-R05-")


def test_an_item_keeps_the_name_its_unit_had_at_the_time(unit, author):
    unit.versions.update(valid_to=date(2025, 9, 30))
    add_version(unit, name="危機対策課", parent=None, since=date(2025, 10, 1))
    item = make_lesson(author, occurred_on=date(2025, 6, 10))
    assert item.unit_name_at_time == "防災課"


# --- Superseding and drafts ------------------------------------------------------------------


def test_a_new_lesson_marks_the_one_it_replaces(author):
    old = make_lesson(author)
    new = send(lesson(title="土のうは二日前に積む", supersedes=old), author)
    old.refresh_from_db()
    assert old.state == State.SUPERSEDED
    assert old.live
    assert old.successor() == new


def test_a_new_lesson_that_still_waits_replaces_nothing_yet(author):
    old = make_lesson(author)
    send(lesson(title="土のうは二日前に積む", supersedes=old, audience="prefecture"), author)
    old.refresh_from_db()
    assert old.state == State.PUBLISHED


def test_a_lesson_drawn_from_a_retrospective_starts_no_wider_than_the_unit(author):
    retrospective = make_retrospective(author, audience="prefecture")
    answer = retrospective.answers.get()
    draft = promotion.promote(retrospective=retrospective, answer_uid=str(answer.uid), by=author)
    assert draft.data["audience"] == "unit"
    assert draft.data["source_answer"] == str(answer.uid)


def test_a_lesson_drawn_from_a_sentence_drops_its_full_stop(author):
    retrospective = make_retrospective(author, subject="受付の列を短くする。")
    answer = retrospective.answers.get()
    draft = promotion.promote(retrospective=retrospective, answer_uid=str(answer.uid), by=author)
    assert draft.data["applies_when"] == "受付の列を短くするのような仕事をするとき"
