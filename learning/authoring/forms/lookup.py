"""Steps with a thing to look up: what is read, and whose post is asked.

The lookup is part of the form: 「探す」 sends everything that is typed and brings it back with a list to choose from,
so that it works without a script and loses nothing.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms.utils import ErrorDict

from kb.models import Item
from kb.text_cleaning import LineField, LongField, clean_text
from learning.authoring.forms.step import StepForm
from learning.models import LearningPath
from organization import clock
from organization.models import OrgUnit, Post
from organization.posts import held_on
from organization.units.tree import unit_tree

#: A number anywhere in what was pasted: alone, or in a permalink.
PUBLIC_ID = re.compile(r"[A-Z]{1,2}-[SHR]\d{2}-\d{5,7}")
FOUND = 20


@dataclass(frozen=True)
class Candidate:
    """One line to choose from."""

    value: str
    label: str
    meta: str = ""


class LookupForm(StepForm):
    """A form with a thing to look up: `find` holds the words, `found` the line that was chosen."""

    FIND_LABEL: ClassVar[str] = ""
    FIND_HINT: ClassVar[str] = ""
    MISSING: ClassVar[str] = ""

    find = LineField(max_length=100, required=False)
    found = LineField(max_length=100, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["find"].label, self.fields["find"].help_text = self.FIND_LABEL, self.FIND_HINT

    def only_looked_up(self) -> None:
        """Show what was typed and what the words find, and find no fault with what is not finished."""
        self._errors = ErrorDict()
        self.cleaned_data = {}

    @property
    def words(self) -> str:
        try:
            return clean_text(self.data.get(self.add_prefix("find"), "") if self.is_bound else "").strip()[:100]
        except ValidationError:
            return ""

    @property
    def chosen_value(self) -> str:
        """What is chosen now: what was sent, else what the step has."""
        return str(self.data.get("found", "")) if self.is_bound else self.current.value if self.current else ""

    @cached_property
    def current(self) -> Candidate | None:
        """What the step has now, as far as this builder may know it."""
        return None

    @cached_property
    def found_any(self) -> bool:
        return bool(self.words) and bool(self.look_up(self.words))

    @cached_property
    def keeps_hidden(self) -> bool:
        """Whether the step has a thing that this builder may not know by name, and may leave as it is."""
        return self.current is None and self.step is not None and getattr(self.step, f"{self.OWN[0]}_id") is not None

    @cached_property
    def candidates(self) -> list[Candidate]:
        """The lines to choose from: what the step has, then what the words find."""
        found = self.look_up(self.words) if self.words else []
        first = [self.current] if self.current else []
        sent = self.chosen_value
        if sent and all(one.value != sent for one in [*first, *found]) and (kept := self.named(sent)):
            first.append(kept)
        return [*first, *(one for one in found if all(one.value != other.value for other in first))]

    def look_up(self, words: str) -> list[Candidate]:
        raise NotImplementedError

    def named(self, value: str) -> Candidate | None:
        """The line of a value that was sent, where it may be chosen."""
        raise NotImplementedError

    def resolve(self, value: str) -> Any:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        column = self.OWN[0]
        found, pasted = data.get("found") or "", data.get("find") or ""
        sent = found or pasted
        if pasted and self.current and found == self.current.value and self.resolve(pasted):
            sent = pasted  # a number was pasted over what the step has, and not looked up: one press less
        data[column] = self.resolve(sent) if sent else None
        if data[column] is None:
            kept = getattr(self.step, column) if self.step is not None and not sent else None
            data[column] = kept
            if kept is None:
                self.add_error("find", self.MISSING)
        return data


class ReadForm(LookupForm):
    OWN = ("item",)
    FIND_LABEL = "読むもの"
    FIND_HINT = "題の一部で探すか、管理番号や記事のアドレスを貼り付けます。あなたが読めるものから選べます。"
    MISSING = "読むものが選ばれていません。ことばで探して一覧から選ぶか、管理番号を貼り付けてください。"

    @property
    def own(self) -> list[forms.BoundField]:
        return []

    def _items(self) -> Any:
        readable = Item.objects.visible_to(self.user).not_type(LearningPath)
        return readable.select_related("content_type")

    @cached_property
    def current(self) -> Candidate | None:
        item = self._items().filter(pk=self.step.item_id).first() if self.step and self.step.item_id else None
        return self._line(item) if item else None

    def look_up(self, words: str) -> list[Candidate]:
        number = PUBLIC_ID.search(words)
        asked = Q(public_id=number[0]) if number else Q(title__icontains=words) | Q(public_id__icontains=words)
        return [self._line(item) for item in self._items().filter(asked).newest()[:FOUND]]

    def named(self, value: str) -> Candidate | None:
        item = self.resolve(value)
        return self._line(item) if item else None

    def resolve(self, value: str) -> Item | None:
        number = PUBLIC_ID.search(value)
        found: Item | None = self._items().filter(public_id=number[0]).first() if number else None
        return found

    @staticmethod
    def _line(item: Item) -> Candidate:
        kind = item.cached_content_type.model_class()
        label = getattr(kind, "TYPE_LABEL", "")
        return Candidate(str(item.public_id), item.title, f"{label}　{item.public_id}　{item.get_audience_display()}")


class AskForm(LookupForm):
    OWN = ("post", "task")
    FIND_LABEL = "聴く相手の職"
    FIND_HINT = "所属名や職名の一部で探して、一覧から選びます。例：防災課　課長"
    MISSING = "聴く相手の職が選ばれていません。所属名や職名で探して、一覧から選んでください。"

    task = LongField(label="聴くこと", max_length=400, required=False, rows=3)

    @property
    def own(self) -> list[forms.BoundField]:
        return [self["task"]]

    @cached_property
    def current(self) -> Candidate | None:
        return self._line(self.step.post) if self.step and self.step.post else None

    def look_up(self, words: str) -> list[Candidate]:
        tree = unit_tree()
        asked = Q()
        for word in words.split():
            units = [pk for pk in tree.units if tree.is_in_force(pk) and word in tree.name(pk)]
            asked &= Q(title__icontains=word) | Q(unit_id__in=units)
        posts = Post.objects.filter(asked, unit_id__in=[pk for pk in tree.units if tree.is_in_force(pk)])
        posts = posts.exclude(unit__kind=OrgUnit.Kind.MUNICIPALITY)
        found = list(posts.order_by("unit_id", "-is_head", "pk")[:FOUND])
        held = _holders(found)
        return [self._line(post, held) for post in found]

    def named(self, value: str) -> Candidate | None:
        post = self.resolve(value)
        return self._line(post) if post else None

    def resolve(self, value: str) -> Post | None:
        try:
            return Post.objects.filter(uid=uuid.UUID(value)).first()
        except ValueError:
            return None

    @staticmethod
    def _line(post: Post, held: dict[int, str] | None = None) -> Candidate:
        """A unit has several posts of one title: who holds it today tells them apart."""
        holder = (_holders([post]) if held is None else held).get(post.pk)
        now = f"今は{holder}さん" if holder else "今はだれもいません"
        return Candidate(str(post.uid), f"{unit_tree().name(post.unit_id)} {post.title}", now)


def _holders(posts: list[Post]) -> dict[int, str]:
    """By pk of the post: the name of who holds it today, the main appointment before others; one query."""
    rows = held_on(clock.today()).filter(post__in=posts).select_related("person").order_by("starts_on", "pk")
    found: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: row.kind != "main"):
        found.setdefault(row.post_id, row.person.name)
    return found
