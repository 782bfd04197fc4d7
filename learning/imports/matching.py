"""Matches a row to the person of its staff number on its day, or gives the reason why it cannot.

Never guesses. A number that was given again, a name that differs, a day before somebody joined: the row waits
until the office has named its person (``learning.imports.unmatched``), and the source knows the number from then on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from learning.imports.rows import Line
from organization.fiscal import era_date
from organization.models import Person

#: A spreadsheet takes the zeros from the front of a number; numbers of so many digits are tried.
LONGEST_NUMBER = 10
#: Forms of one letter in names.
VARIANTS = str.maketrans("邊邉髙﨑齋齊斎濵濱眞澤櫻廣", "辺辺高崎斉斉斉浜浜真沢桜広")


def folded(name: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).translate(VARIANTS)


@dataclass(frozen=True)
class Known:
    """People that the office has named for a source: pks by key of a row, valid on any day, and by staff number, valid
    while that person is in service (a number may be given again)."""

    keys: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)


class People:
    """The people that a batch of rows may mean; two queries."""

    def __init__(self, lines: Sequence[tuple[str, Line]], known: Known) -> None:
        numbers = {str(line.values["staff_no"]) for _, line in lines}
        spellings = {form for number in numbers for form in _forms(number)}
        self.by_number: dict[str, list[Person]] = {}
        for person in Person.objects.filter(staff_no__in=spellings):
            self.by_number.setdefault(person.staff_no, []).append(person)
        self.known = known
        named = {*known.keys.values(), *(known.numbers[number] for number in numbers & known.numbers.keys())}
        self.named = Person.objects.in_bulk(named) if named else {}

    def find(self, key: str, line: Line, on: date) -> Person | str:
        """The person, or a Japanese sentence why none can be named."""
        number = str(line.values["staff_no"])
        if named := self.named.get(self.known.keys.get(key, 0)):
            return named
        if (named := self.named.get(self.known.numbers.get(number, 0))) and _in_service(named, on):
            return named
        candidates = self.by_number.get(number) or self._without_zeros(number)
        if not candidates:
            return f"職員番号「{number}」の職員がいません。"
        there = [person for person in candidates if _in_service(person, on)]
        if len(there) > 1:
            return f"職員番号「{number}」の職員が{len(there)}人います。"
        if not there:
            return f"職員番号「{number}」の職員は、{era_date(on)}には在職していません。"
        name = str(line.values.get("name") or "")
        if name and folded(name) != folded(there[0].name):
            return f"職員番号「{number}」の職員と、氏名がちがいます。"
        return there[0]

    def _without_zeros(self, number: str) -> list[Person]:
        found = [person for form in _forms(number) for person in self.by_number.get(form, ())]
        return found if len({person.staff_no for person in found}) == 1 else []


def _forms(number: str) -> set[str]:
    if not number.isascii() or not number.isdigit():
        return {number}
    return {number, *(number.zfill(length) for length in range(4, LONGEST_NUMBER + 1))}


def _in_service(person: Person, on: date) -> bool:
    return (person.joined_on is None or person.joined_on <= on) and not person.has_left(on)
