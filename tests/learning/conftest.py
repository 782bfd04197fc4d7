"""Fixtures of most tests of learning: a unit, its head, and a learner of the unit."""

import pytest

from tests.factories.organization import make_staff, make_unit


@pytest.fixture
def unit():
    return make_unit("bosai", name="防災課")


@pytest.fixture
def head(unit):
    return make_staff(unit, title="課長", head=True)


@pytest.fixture
def me(unit):
    return make_staff(unit)
