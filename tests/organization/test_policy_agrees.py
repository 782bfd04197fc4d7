"""The three forms of the policy are one rule: SQL, the function for one object, and the tokens of the index.

The SQL form is tested on kb.Reference, a plain table with `audience` and `owner_unit_id`. References have no authors, so
the test passes pks as `authored_pks`.
"""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.models import Reference
from organization.access_policy import can_view, reader_for, visible_q
from organization.audience import Audience, audience_tokens
from organization.units.tree import unit_tree
from tests.factories.kb import reference_source
from tests.organization.random_worlds import build, worlds

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class ItemPlan:
    audience: str
    owner: int | None
    authors: frozenset[int]


@st.composite
def worlds_with_items(draw):
    world = draw(worlds())
    item = st.builds(
        ItemPlan,
        audience=st.sampled_from([*Audience.values, "team"]),
        owner=st.one_of(st.integers(0, len(world.units) - 1), st.none()),
        authors=st.frozensets(st.integers(0, len(world.people) - 1), max_size=2),
    )
    # Each audience at each unit, without authors, and some more with them.
    plain = [ItemPlan(audience, unit, frozenset()) for audience in Audience.values for unit in range(len(world.units))]
    return world, plain + draw(st.lists(item, max_size=8))


@given(worlds_with_items())
def test_the_three_forms_agree_for_every_reader_and_item(drawn):
    agree(*drawn)


@pytest.mark.slow
@settings(max_examples=200)
@given(worlds_with_items())
def test_they_agree_in_many_more_worlds(drawn):
    agree(*drawn)


def agree(world, items):
    with build(world) as made:
        tree = unit_tree(made.today)
        source = reference_source()
        rows = Reference.objects.bulk_create(
            Reference(
                public_id=f"X-R07-{n:05d}",
                source=source,
                external_id=str(n),
                title="件名",
                audience=item.audience,
                owner_unit=None if item.owner is None else made.units[item.owner],
            )
            for n, item in enumerate(items)
        )
        authors = [[made.people[n] for n in item.authors] for item in items]
        tokens = [
            audience_tokens(
                audience=row.audience,
                owner_unit_id=row.owner_unit_id,
                author_uids=[str(person.uid) for person in people],
                tree=tree,
            )
            for row, people in zip(rows, authors, strict=True)
        ]
        for user in (*made.users, AnonymousUser()):
            reader = reader_for(user)
            written = [
                row.pk for row, people in zip(rows, authors, strict=True) if reader.person_id in {p.pk for p in people}
            ]
            authored = Reference.objects.filter(pk__in=written).values("pk")
            by_sql = set(
                Reference.objects.filter(visible_q(reader, authored_pks=authored)).values_list("pk", flat=True)
            )
            by_question = {
                row.pk
                for row, people in zip(rows, authors, strict=True)
                if can_view(
                    reader,
                    audience=row.audience,
                    owner_unit_id=row.owner_unit_id,
                    author_ids=[person.pk for person in people],
                )
            }
            by_tokens = {row.pk for row, own in zip(rows, tokens, strict=True) if own & reader.tokens}
            assert by_sql == by_question == by_tokens
