"""The form of one step: what all share, and the fields of its type alone. An item and a post are looked up by words.

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

from kb.format_files import formats
from kb.forms.fields import DayField, WholeField, choice_messages
from kb.models import Item
from kb.text import LineField, LongField, clean_text
from learning.models import Completion, LearningPath, Step, StepType, TrainingCourse
from organization.models import OrgUnit, Post
from organization.tree import unit_tree

#: A number anywhere in what was pasted: alone, or in a permalink.
PUBLIC_ID = re.compile(r"[A-Z]{1,2}-[SHR]\d{2}-\d{5,7}")
FOUND = 20
QUESTIONS, CHOICES = 5, 4


@dataclass(frozen=True)
class Candidate:
    """One line to choose from."""

    value: str
    label: str
    meta: str = ""


class StepForm(forms.Form):
    """`user` is who builds; `step` what is edited, where it exists."""

    title = LineField(label="題", max_length=80, required=True, help_text="80文字まで。何をするかが分かるように。")
    why = LineField(label="なぜ", max_length=200, required=True, help_text="何のためのステップかを、学ぶ人に一行で。")
    minutes = WholeField(label="目安の分", lowest=1, highest=6000, required=True)
    required = forms.BooleanField(label="必須にする", required=False, initial=True)
    completion = forms.ChoiceField(
        label="完了条件", choices=Completion.choices, widget=forms.RadioSelect, initial=Completion.SELF,
        error_messages=choice_messages("完了条件"),
    )  # fmt: skip
    use_required_attribute = False
    #: The columns of the type, and what stands on top of the form.
    OWN: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, user: Any, step: Step | None = None, **kwargs: Any) -> None:
        self.user, self.step = user, step
        kwargs.setdefault("initial", self.initial_of(step) if step is not None else {"minutes": 10, "required": True})
        super().__init__(*args, **kwargs)
        self.order_fields([*self.OWN, "title", "why", "minutes", "required", "completion"])

    def initial_of(self, step: Step) -> dict[str, Any]:
        return {name: getattr(step, name) for name in ("title", "why", "minutes", "required", "completion", *self.OWN)}

    @property
    def own(self) -> list[forms.BoundField]:
        return [self[name] for name in self.OWN]

    @property
    def common(self) -> list[forms.BoundField]:
        return [self[name] for name in ("title", "why", "minutes", "required", "completion") if name in self.fields]

    def values(self) -> dict[str, Any]:
        """What `learning.building` takes: the columns of the type, and no other."""
        names = [name for name in ("title", "why", "minutes", "required", "completion") if name in self.fields]
        return {name: self.cleaned_data[name] for name in (*names, *self.OWN)}


class ByFactForm(StepForm):
    """Done by a publication or a record: there is nothing to choose about its completion."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["completion"]


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
        return [self._line(post) for post in posts.order_by("unit_id", "-is_head", "pk")[:FOUND]]

    def named(self, value: str) -> Candidate | None:
        post = self.resolve(value)
        return self._line(post) if post else None

    def resolve(self, value: str) -> Post | None:
        try:
            return Post.objects.filter(uid=uuid.UUID(value)).first()
        except ValueError:
            return None

    @staticmethod
    def _line(post: Post) -> Candidate:
        return Candidate(str(post.uid), f"{unit_tree().name(post.unit_id)} {post.title}")


class WriteForm(ByFactForm):
    OWN = ("format",)
    format = forms.ChoiceField(label="ふりかえりの書式", required=False, error_messages=choice_messages("書式"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["format"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "どの書式でもよい"), *((one.key, one.label) for one in formats().values())]


class CourseForm(ByFactForm):
    OWN = ("course",)
    course = forms.ModelChoiceField(
        TrainingCourse.objects.none(), label="研修", to_field_name="code", empty_label="選んでください",
        error_messages=choice_messages("研修"), help_text="受講の記録が修了か合格になると、自動ですみになります。",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["course"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = TrainingCourse.objects.filter(retired=False)

    def initial_of(self, step: Step) -> dict[str, Any]:
        return {**super().initial_of(step), "course": step.course.code if step.course else ""}


class JobForm(StepForm):
    OWN = ("task",)
    task = LongField(
        label="やること", max_length=400, required=True, rows=3, help_text="終えた人は、何をしたかを書いて送ります。"
    )


class EventForm(StepForm):
    OWN = ("held_on", "place")
    held_on = DayField(label="行事の日", required=True)
    place = LineField(label="場所", max_length=80, required=False)


class QuizForm(StepForm):
    """Up to five questions with up to four choices each, as plain fields."""

    OWN = ("quiz",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quiz = self.step.quiz if self.step is not None else []
        del self.fields["completion"]
        for n in range(QUESTIONS):
            one = quiz[n] if n < len(quiz) else {}
            self._add(n, one)

    def _add(self, n: int, one: dict[str, Any]) -> None:
        called, choices = f"問い{n + 1}", one.get("choices", [])
        self.fields[f"question_{n}"] = LineField(
            label=called, called=called, max_length=200, required=False, initial=one.get("question", "")
        )
        for m in range(CHOICES):
            label = f"{called}の選択肢{m + 1}"
            self.fields[f"choice_{n}_{m}"] = LineField(
                label=label, max_length=100, required=False, initial=choices[m] if m < len(choices) else ""
            )
        numbers = [("", "選んでください"), *((str(m), f"選択肢{m + 1}") for m in range(CHOICES))]
        answer = one.get("answer")
        self.fields[f"answer_{n}"] = forms.ChoiceField(
            label=f"{called}の正しい答え", choices=numbers, required=False, error_messages=choice_messages("正しい答え"),
            initial="" if answer is None else str(answer),
        )  # fmt: skip
        self.fields[f"note_{n}"] = LineField(
            label=f"{called}の解説", max_length=200, required=False, initial=one.get("note", "")
        )

    @property
    def own(self) -> list[forms.BoundField]:
        return []

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The fields of each question, for the template; the first stands open, and whatever has content or errors."""
        found = []
        for n in range(QUESTIONS):
            names = [f"question_{n}", *(f"choice_{n}_{m}" for m in range(CHOICES)), f"answer_{n}", f"note_{n}"]
            fields = [self[name] for name in names]
            opened = n == 0 or any(field.value() or field.errors for field in fields)
            found.append({"number": n + 1, "fields": fields, "open": opened})
        return found

    def initial_of(self, step: Step) -> dict[str, Any]:
        return {name: getattr(step, name) for name in ("title", "why", "minutes", "required")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        quiz = [one for n in range(QUESTIONS) if (one := self._question(n, data))]
        if not quiz and not self.errors:
            self.add_error("question_0", "問いがありません。問いの文と、二つ以上の選択肢を書いてください。")
        data["quiz"] = quiz
        return data

    def _question(self, n: int, data: dict[str, Any]) -> dict[str, Any] | None:
        """One question as it is kept; None where nothing was written, or where it is not complete (an error is added)."""
        question = data.get(f"question_{n}", "").strip()
        texts = [data.get(f"choice_{n}_{m}", "").strip() for m in range(CHOICES)]
        if not question and not any(texts):
            return None
        if not question:
            self.add_error(f"question_{n}", f"問い{n + 1}の文が空です。文を書くか、選択肢を消してください。")
        if sum(map(bool, texts)) < 2:
            self.add_error(f"choice_{n}_1", f"問い{n + 1}の選択肢が足りません。二つ以上書いてください。")
        chosen = data.get(f"answer_{n}", "")
        if not chosen or not texts[int(chosen)]:
            self.add_error(f"answer_{n}", f"問い{n + 1}の正しい答えを、書いた選択肢の中から選んでください。")
            return None
        kept = [m for m, text in enumerate(texts) if text]
        return {
            "question": question, "choices": [texts[m] for m in kept], "answer": kept.index(int(chosen)),
            "note": data.get(f"note_{n}", "").strip(),
        }  # fmt: skip


FORMS: dict[str, type[StepForm]] = {
    StepType.READ: ReadForm,
    StepType.WRITE: WriteForm,
    StepType.COURSE: CourseForm,
    StepType.ON_JOB: JobForm,
    StepType.ASK: AskForm,
    StepType.CHECK: QuizForm,
    StepType.EVENT: EventForm,
}
