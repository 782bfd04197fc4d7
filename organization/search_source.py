"""The search box suggests units and people. Nothing in organization imports this module.

A unit is suggested under every name that it ever had. A person is suggested only to the prefecture's own staff, and
only if the person has agreed to be found (`Person.findable`). A person can withdraw this consent at any time. The
withdrawal takes effect at once, because no index stores the person.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from urllib.parse import urlencode

from django.db.models import F, Q, Value
from django.db.models.functions import Replace
from django.urls import reverse

from organization import clock
from organization.access_policy import Viewer, reader_for
from organization.appointments import main_posts
from organization.models import Person, Post
from organization.units.tree import UnitTree, unit_tree
from search.documents import Suggestion, Typed


class UnitSuggester:
    def suggest(self, user: Viewer, typed: Typed, limit: int) -> Sequence[Suggestion]:
        """Suggests units if a part of any of their names, or the beginning of a reading, matches. Units that are in
        force are first."""
        tree = unit_tree()
        matches = [(not tree.is_in_force(pk), tree.name(pk), pk) for pk in tree.units if _is_named(tree, pk, typed)]
        return [_unit_suggestion(tree, pk) for _, _, pk in sorted(matches)[:limit]]


def _is_named(tree: UnitTree, unit_id: int, typed: Typed) -> bool:
    versions = tree.versions(unit_id)
    if any(typed.text in _normalized(name) for version in versions for name in (version.name, version.short)):
        return True
    return bool(typed.hiragana) and any(version.kana.startswith(typed.hiragana) for version in versions)


def _normalized(name: str) -> str:
    return unicodedata.normalize("NFKC", name).lower()


def _unit_suggestion(tree: UnitTree, unit_id: int) -> Suggestion:
    successor = tree.successor(unit_id)
    label = tree.name(unit_id) if successor == unit_id else f"{tree.name(unit_id)}（今は{tree.name(successor)}）"
    return Suggestion(label, reverse("unit", args=[tree.uid(unit_id)]), "所属")


class PersonSuggester:
    def suggest(self, user: Viewer, typed: Typed, limit: int) -> Sequence[Suggestion]:
        """Suggests people in service who agreed to be found, if a part of the name or the beginning of its reading
        matches."""
        if not reader_for(user).is_county:
            return []
        plain = {"plain_name": Replace(F("name"), Value(" "), Value(""))}
        matching = Q(plain_name__contains=typed.text)
        if typed.hiragana:
            plain["plain_kana"] = Replace(F("kana"), Value(" "), Value(""))
            matching |= Q(plain_kana__startswith=typed.hiragana)
        people = list(Person.objects.in_service().filter(findable=True).annotate(**plain).filter(matching)[:limit])
        posts = main_posts(people, clock.today())
        return [_person_suggestion(person, posts.get(person.pk)) for person in people]


def _person_suggestion(person: Person, post: Post | None) -> Suggestion:
    """Returns a suggestion that opens a search for the person's name. The search finds what the person wrote under
    this name."""
    label = f"{person.name}（{post}）" if post else person.name
    query = urlencode({"q": f'"{person.name}"'})
    return Suggestion(label, f"{reverse('search')}?{query}", "職員")
