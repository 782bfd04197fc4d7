"""The home page shows the running paths and, for a head, the waiting tasks."""

import pytest
from django.urls import reverse

from learning.models import Source
from organization import clock
from tests.factories.learning import give, make_path
from tests.factories.organization import make_staff

pytestmark = pytest.mark.django_db


def home(client, person):
    client.force_login(person.user)
    return client.get(reverse("home")).content.decode()


def test_home_leads_a_learner_to_what_is_due_first(client, unit, head):
    me, path = make_staff(unit), make_path(head)
    assert "次の一歩へ" not in home(client, me)
    given = give(path, me)
    page = home(client, me)
    assert reverse("my_learning", args=[given.uid]) in page and "次の一歩へ" in page


def test_home_asks_a_head_to_assign_newcomers_until_it_is_done(client, unit, head):
    new = make_staff(unit)
    new.joined_on = clock.today()
    new.save()
    assert "新任・転入1人に割り当てる" in home(client, head)
    assert "割り当てる" not in home(client, new)
    give(make_path(head), new, source=Source.MANAGER)
    assert "新任・転入" not in home(client, head)
