"""What a person can begin to write on /write/: one list of the choices that the forms offer (ItemForm.choices)."""

from __future__ import annotations

from dataclasses import dataclass

from kb.models.items.item_queries import item_types


@dataclass(frozen=True)
class Choice:
    """A format of a retrospective, a lesson or a challenge. `key` is the last part of its address."""

    key: str
    label: str
    description: str
    when_to_use: str
    #: How long it takes to fill in.
    minutes: int
    #: Code of the item type (Item.type_code).
    type: str
    #: Position in the list. Formats set theirs in their files, below 1000.
    order: int
    #: Key of the format, for a type that has several.
    format: str = ""
    #: Answers to the three questions for which this choice is suitable (kb.writing.forms.questions).
    situations: tuple[str, ...] = ()
    #: What the form asks, as listed on the page before it.
    questions: tuple[str, ...] = ()


def choices() -> list[Choice]:
    """Every choice of every item type that has a form, in order."""
    offered = [choice for model in item_types() if model.FORM for choice in model.form_class().choices()]
    return sorted(offered, key=lambda choice: (choice.order, choice.key))


def find_choice(key: str) -> Choice | None:
    """The choice with that key; None if no form offers it."""
    return next((choice for choice in choices() if choice.key == key), None)
