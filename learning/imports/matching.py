"""Whose a row is: the person of its staff number on its day, or the reason why that cannot be said.

It refuses to guess. A number that was given again, a name that differs, a day before somebody joined: the row waits
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
    """What the office has said for a source: pks of people by key of a row, which holds whatever the day, and by
    staff number, which holds while that person is in service (a number may be given again)."""

    keys: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)


class People:
    """The people whom a batch of rows may mean; two queries."""

    def __init__(self, lines: Sequence[tuple[str, Line]], known: Known) -> None:
        numbers = {str(line.values["staff_no"]) for _, line in lines}
        asked = {one for number in numbers for one in _forms(number)}
        self.by_number: dict[str, list[Person]] = {}
        for person in Person.objects.filter(staff_no__in=asked):
            self.by_number.setdefault(person.staff_no, []).append(person)
        self.known = known
        said = {*known.keys.values(), *(known.numbers[number] for number in numbers & known.numbers.keys())}
        self.said = Person.objects.in_bulk(said) if said else {}

    def find(self, key: str, line: Line, on: date) -> Person | str:
        """The person, or why not."""
        number = str(line.values["staff_no"])
        if named := self.said.get(self.known.keys.get(key, 0)):
            return named
        if (named := self.said.get(self.known.numbers.get(number, 0))) and _in_service(named, on):
            return named
        found = self.by_number.get(number) or self._without_zeros(number)
        if not found:
            return f"職員番号「{number}」の職員がいません。"
        there = [person for person in found if _in_service(person, on)]
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
