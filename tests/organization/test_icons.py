"""The tag `icon` renders components/icon.html in every template, without being loaded."""

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string


@pytest.mark.parametrize(("typed", "size"), [('"search"', ""), ('"search" "l"', "l"), ("missing|default:'search'", "")])
def test_an_icon_is_what_its_component_draws(typed, size):
    drawn = render_to_string("components/icon.html", {"name": "search", "size": size})
    assert Template(f"{{% icon {typed} %}}").render(Context({})) == drawn
    assert "#search" in drawn and ("kb-icon--l" in drawn) is bool(size)


def test_a_name_is_no_markup():
    assert "<b>" not in Template("{% icon name %}").render(Context({"name": '"><b>'}))
