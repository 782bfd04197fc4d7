"""What can be begun on /write/: each form names its own (ItemForm.beginnings); here they stand in one list."""

from __future__ import annotations

from dataclasses import dataclass

from kb.models.item_queries import item_types


@dataclass(frozen=True)
class Choice:
    """A format of a retrospective, a lesson, a challenge. `key` is the last part of its address."""

    key: str
    label: str
    description: str
    when_to_use: str
    minutes: int
    #: Code of the type of item (Item.type_code).
    type: str
    #: Its place in the list; formats have theirs in their files, below 1000.
    order: int
    #: Set where it is one format of its type among others.
    format: str = ""
    #: Answers to the three questions that it suits (kb.writing.forms.questions).
    situations: tuple[str, ...] = ()
    #: What it asks, as the page before the form lists it.
    questions: tuple[str, ...] = ()


def choices() -> list[Choice]:
    """All that can be begun, in order."""
    begun = [choice for model in item_types() if model.FORM for choice in model.form_class().beginnings()]
    return sorted(begun, key=lambda choice: (choice.order, choice.key))


def choice_of(key: str) -> Choice | None:
    return next((choice for choice in choices() if choice.key == key), None)
