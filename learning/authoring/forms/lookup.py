"""The two step forms in which the editor looks something up: the item to read (READ) and the post to ask (ASK).

The lookup is part of the form. 「探す」 submits the whole form. The page then shows the form again, with a list to
choose from. So the lookup works without JavaScript, and the typed values are not lost.
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
from kb.models.items.item_queries import ItemQuerySet
from kb.text_cleaning import LineField, LongField, clean_text
from learning.authoring.forms.step import StepForm
from learning.models import LearningPath
from organization import clock
from organization.appointments import held_on
from organization.models import OrgUnit, Post
from organization.units.tree import unit_tree

#: Finds a public id anywhere in the pasted text. The text may be the id alone or a permalink.
PUBLIC_ID = re.compile(r"[A-Z]{1,2}-[SHR]\d{2}-\d{5,7}")
MOST_MATCHES = 20


@dataclass(frozen=True)
class Candidate:
    """One row of the list to choose from."""

    value: str
    label: str
    meta: str = ""


class LookupForm(StepForm):
    """A step form with a lookup. `find` contains the search words, `found` the value of the candidate that the editor
    has chosen.
    """

    FIND_LABEL: ClassVar[str] = ""
    FIND_HINT: ClassVar[str] = ""
    MISSING: ClassVar[str] = ""

    find = LineField(max_length=100, required=False)
    found = LineField(max_length=100, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["find"].label, self.fields["find"].help_text = self.FIND_LABEL, self.FIND_HINT

    def only_looked_up(self) -> None:
        """Show the typed values and the candidates, but no errors, because the user has not finished the form yet."""
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
        """Returns the value of the chosen candidate. For a form that was not submitted, this is the candidate that the
        step has now.
        """
        return str(self.data.get("found", "")) if self.is_bound else self.current.value if self.current else ""

    @cached_property
    def current(self) -> Candidate | None:
        """Returns the candidate that the step has now. None if this editor may not see the candidate."""
        return None

    @cached_property
    def found_any(self) -> bool:
        return bool(self.words) and bool(self.look_up(self.words))

    @cached_property
    def keeps_hidden(self) -> bool:
        """Whether the step has an item that this editor may not see. The step keeps the item if the editor chooses
        nothing else.
        """
        return self.current is None and self.step is not None and getattr(self.step, f"{self.OWN[0]}_id") is not None

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Returns the list to choose from. The current candidate of the step comes first, then the matches of the
        search words.
        """
        matches = self.look_up(self.words) if self.words else []
        first = [self.current] if self.current else []
        value = self.chosen_value
        if value and all(candidate.value != value for candidate in [*first, *matches]) and (named := self.named(value)):
            first.append(named)
        return [*first, *(candidate for candidate in matches if all(candidate.value != other.value for other in first))]

    def look_up(self, words: str) -> list[Candidate]:
        raise NotImplementedError

    def named(self, value: str) -> Candidate | None:
        """Returns the candidate with a submitted value. None if the candidate may not be chosen."""
        raise NotImplementedError

    def resolve(self, value: str) -> Item | Post | None:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        column = self.OWN[0]
        chosen, pasted = data.get("found") or "", data.get("find") or ""
        value = chosen or pasted
        if pasted and self.current and chosen == self.current.value and self.resolve(pasted):
            # The editor pasted an id and did not press 「探す」. The pasted id replaces the current candidate.
            value = pasted
        data[column] = self.resolve(value) if value else None
        if data[column] is None:
            previous = getattr(self.step, column) if self.step is not None and not value else None
            data[column] = previous
            if previous is None:
                self.add_error("find", ValidationError(self.MISSING, code="choice_required"))
        return data


class ReadForm(LookupForm):
    OWN = ("item",)
    FIND_LABEL = "読むもの"
    FIND_HINT = "題の一部で探すか、管理番号や記事のアドレスを貼り付けます。あなたが読めるものから選べます。"
    MISSING = "読むものが選ばれていません。ことばで探して一覧から選ぶか、管理番号を貼り付けてください。"

    @property
    def own(self) -> list[forms.BoundField]:
        return []

    def _items(self) -> ItemQuerySet:
        readable = Item.objects.visible_to(self.user).not_type(LearningPath)
        return readable.select_related("content_type")

    @cached_property
    def current(self) -> Candidate | None:
        item = self._items().filter(pk=self.step.item_id).first() if self.step and self.step.item_id else None
        return self._candidate(item) if item else None

    def look_up(self, words: str) -> list[Candidate]:
        number = PUBLIC_ID.search(words)
        condition = Q(public_id=number[0]) if number else Q(title__icontains=words) | Q(public_id__icontains=words)
        return [self._candidate(item) for item in self._items().filter(condition).newest()[:MOST_MATCHES]]

    def named(self, value: str) -> Candidate | None:
        item = self.resolve(value)
        return self._candidate(item) if item else None

    def resolve(self, value: str) -> Item | None:
        number = PUBLIC_ID.search(value)
        item: Item | None = self._items().filter(public_id=number[0]).first() if number else None
        return item

    @staticmethod
    def _candidate(item: Item) -> Candidate:
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
        return self._candidate(self.step.post) if self.step and self.step.post else None

    def look_up(self, words: str) -> list[Candidate]:
        tree = unit_tree()
        condition = Q()
        for word in words.split():
            units = [pk for pk in tree.units if tree.is_in_force(pk) and word in tree.name(pk)]
            condition &= Q(title__icontains=word) | Q(unit_id__in=units)
        posts = Post.objects.filter(condition, unit_id__in=[pk for pk in tree.units if tree.is_in_force(pk)])
        posts = posts.exclude(unit__kind=OrgUnit.Kind.MUNICIPALITY)
        matches = list(posts.order_by("unit_id", "-is_head", "pk")[:MOST_MATCHES])
        holders = _holder_names(matches)
        return [self._candidate(post, holders) for post in matches]

    def named(self, value: str) -> Candidate | None:
        post = self.resolve(value)
        return self._candidate(post) if post else None

    def resolve(self, value: str) -> Post | None:
        try:
            return Post.objects.filter(uid=uuid.UUID(value)).first()
        except ValueError:
            return None

    @staticmethod
    def _candidate(post: Post, holders: dict[int, str] | None = None) -> Candidate:
        """Returns the candidate for a post. The candidate names today's holder, because a unit can have several posts
        with the same title.
        """
        holder = (_holder_names([post]) if holders is None else holders).get(post.pk)
        now = f"今は{holder}さん" if holder else "今はだれもいません"
        return Candidate(str(post.uid), f"{unit_tree().name(post.unit_id)} {post.title}", now)


def _holder_names(posts: list[Post]) -> dict[int, str]:
    """Maps the pk of each post to the name of its holder today.

    If several people hold the post, a main appointment wins. One query.
    """
    rows = held_on(clock.today()).filter(post__in=posts).select_related("person").order_by("starts_on", "pk")
    holders: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: row.kind != "main"):
        holders.setdefault(row.post_id, row.person.name)
    return holders
