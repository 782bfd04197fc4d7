"""Matches a row to the person who has its staff number on its day, or gives the reason why there is none.

Nothing is guessed. If the number was reassigned, the name differs or the person had not joined yet, the row waits until
the office assigns its person (``learning.imports.unmatched``). From then on, the source knows the number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from learning.imports.rows import ImportLine
from organization.japanese_dates import era_date
from organization.models import Person

#: A spreadsheet drops leading zeros. Numbers are tried with leading zeros up to this length.
LONGEST_NUMBER = 10
#: Variant characters in names, and the form that is compared.
VARIANTS = str.maketrans("邊邉髙﨑齋齊斎濵濱眞澤櫻廣", "辺辺高崎斉斉斉浜浜真沢桜広")


def fold_name(name: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).translate(VARIANTS)


@dataclass(frozen=True)
class KnownPeople:
    """The people (pks) that the office has assigned for a source.

    `keys` is by key of the row and counts on any day. `numbers` is by staff number and counts only while the person is
    in service, because a number can be reassigned.
    """

    keys: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)


class PersonMatcher:
    """Finds the people of a batch of lines. Two queries."""

    def __init__(self, lines: Sequence[tuple[str, ImportLine]], known: KnownPeople) -> None:
        numbers = {str(line.values["staff_no"]) for _, line in lines}
        spellings = {form for number in numbers for form in _spellings(number)}
        self.by_number: dict[str, list[Person]] = {}
        for person in Person.objects.filter(staff_no__in=spellings):
            self.by_number.setdefault(person.staff_no, []).append(person)
        self.known = known
        named = {*known.keys.values(), *(known.numbers[number] for number in numbers & known.numbers.keys())}
        self.named = Person.objects.in_bulk(named) if named else {}

    def find(self, key: str, line: ImportLine, on: date) -> Person | str:
        """The person of the line, or a Japanese sentence why there is none."""
        number = str(line.values["staff_no"])
        if named := self.named.get(self.known.keys.get(key, 0)):
            return named
        if (named := self.named.get(self.known.numbers.get(number, 0))) and _in_service(named, on):
            return named
        candidates = self.by_number.get(number) or self._without_zeros(number)
        if not candidates:
            return f"職員番号「{number}」の職員がいません。"
        in_service = [person for person in candidates if _in_service(person, on)]
        if len(in_service) > 1:
            return f"職員番号「{number}」の職員が{len(in_service)}人います。"
        if not in_service:
            return f"職員番号「{number}」の職員は、{era_date(on)}には在職していません。"
        name = str(line.values.get("name") or "")
        if name and fold_name(name) != fold_name(in_service[0].name):
            return f"職員番号「{number}」の職員と、氏名がちがいます。"
        return in_service[0]

    def _without_zeros(self, number: str) -> list[Person]:
        people = [person for form in _spellings(number) for person in self.by_number.get(form, ())]
        return people if len({person.staff_no for person in people}) == 1 else []


def _spellings(number: str) -> set[str]:
    if not number.isascii() or not number.isdigit():
        return {number}
    return {number, *(number.zfill(length) for length in range(4, LONGEST_NUMBER + 1))}


def _in_service(person: Person, on: date) -> bool:
    return (person.joined_on is None or person.joined_on <= on) and not person.has_left(on)
