"""Counting things in Japanese."""

import pytest

from organization.counting import things


@pytest.mark.parametrize(("count", "words"), [(0, "0個"), (1, "1つ"), (9, "9つ"), (10, "10個"), (20, "20個")])
def test_tsu_is_for_one_to_nine_alone(count, words):
    assert things(count) == words
