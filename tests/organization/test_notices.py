"""Notices: sentences on a person's own page, not repeated while unread."""

import pytest

from organization.models import Notice
from organization.notices import notify
from tests.factories.organization import make_person

pytestmark = pytest.mark.django_db


def test_a_notice_is_unread_until_it_is_read():
    person = make_person()
    notify(person, text="「避難所の受付」が受理されました。", url="/k/L-R07-00001/")
    notify(make_person(), text="別の人へ")
    assert [str(notice) for notice in Notice.objects.unread_of(person)] == ["「避難所の受付」が受理されました。"]
    assert Notice.objects.unread_of(person).mark_read() == 1
    assert not Notice.objects.unread_of(person).exists()
    assert Notice.objects.filter(person=person, read_at__isnull=False).count() == 1


def test_the_same_words_are_not_repeated_while_unread():
    person = make_person()
    first = notify(person, text="確認をお願いします。", url="/review/")
    assert notify(person, text="確認をお願いします。", url="/review/") == first
    assert notify(person, text="確認をお願いします。", url="/review/2/") != first
    Notice.objects.unread_of(person).mark_read()
    assert notify(person, text="確認をお願いします。", url="/review/") != first


def test_a_long_sentence_is_cut_where_it_does_not_fit():
    assert notify(make_person(), text="長" * 400).text == "長" * 299 + "…"
