"""The variables of every template: their values, and no query before they are used."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template

from organization.context_processors import site
from organization.notices import notify
from organization.units.tree import unit_tree
from tests.factories.organization import make_staff, make_unit, make_user

pytestmark = pytest.mark.django_db


def drawn(rf, template, user=None):
    request = rf.get("/")
    if user is not None:
        request.user = user
    return Template(template).render(Context(site(request)))


def test_the_sites_words(rf, settings):
    settings.SITE_NOTICE, settings.DEMO = "架空のデータです", True
    assert drawn(rf, "{{ SITE_NAME }} {{ SITE_NOTICE }} {{ DEMO }}") == "学び 架空のデータです True"


def test_what_is_not_used_is_not_asked(rf, django_assert_num_queries):
    person = make_staff(make_unit())
    user = type(person.user).objects.get(pk=person.user.pk)
    with django_assert_num_queries(0):
        drawn(rf, "{{ SITE_NAME }}", user)
    with django_assert_num_queries(1):
        assert drawn(rf, "{{ person.name }}", user) == person.name
    with django_assert_num_queries(1):
        assert drawn(rf, "{% if unread_notices %}{{ unread_notices }}{% endif %}", user) == ""


def test_unread_notices_are_counted_once(rf, django_assert_num_queries):
    person = make_staff(make_unit())
    notify(person, text="一つ目")
    notify(person, text="二つ目")
    with django_assert_num_queries(1):
        assert drawn(rf, "{{ unread_notices }}{{ unread_notices }}", person.user) == "22"


@pytest.mark.parametrize(("duties", "seen"), [((), "いいえ"), (("km",), "はい"), (("training",), "はい")])
def test_the_way_into_the_admin_is_shown_to_the_offices(rf, duties, seen):
    person = make_staff(make_unit(), duties=duties)
    unit_tree()
    assert drawn(rf, "{{ can_admin|yesno:'はい,いいえ' }}", person.user) == seen


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_a_visitor_is_nobody(rf, user):
    template = "{{ person.name }}{{ unread_notices }}{{ reader.tokens|length }}{% if can_admin %}x{% endif %}"
    assert drawn(rf, template, user) == "01"


def test_a_superuser_without_a_person(rf):
    template = "{{ person.name }}{{ unread_notices }}{% if can_admin %}x{% endif %}"
    assert drawn(rf, template, make_user(is_superuser=True)) == "0x"
